import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { guest, open, Sandbox, superuser } from "../lib/fixture.mjs";
import { refused } from "../lib/expect.mjs";

describe("settings and batches", () => {
  let root;
  let sandbox;
  let name;
  before(async () => {
    root = await superuser();
    sandbox = new Sandbox(root);
    const fields = [
      { type: "text", name: "title", max: 20 },
      { type: "number", name: "n" },
      { type: "json", name: "data" },
    ];
    ({ name } = await sandbox.collection("batched", fields, open));
    await root.settings.update({ batch: { enabled: true } });
  });
  after(async () => {
    await root.settings.update({ batch: { enabled: false } });
    await sandbox.clean();
  });

  test("settings are read and changed in part", async () => {
    const all = await root.settings.getAll();
    assert.equal(all.batch.enabled, true);
    const changed = await root.settings.update({ logs: { maxDays: all.logs.maxDays + 1 } });
    assert.deepEqual(changed, { ...all, logs: { ...all.logs, maxDays: all.logs.maxDays + 1 } });
    assert.deepEqual(await root.settings.update(all), all);
    await refused(401, guest().settings.getAll());
    assert.equal((await refused(400, root.settings.update({ meta: { appName: "" } }))).response.data.meta.appName.code,
      "validation_required");
  });

  test("a batch makes, changes and removes", async () => {
    const batch = guest().createBatch();
    const posts = batch.collection(name);
    posts.create({ id: "first0000000000", title: "001", data: { a: [1, "x"] } });
    posts.update("first0000000000", { "n+": 2 });
    posts.upsert({ id: "second000000000", title: "made" });
    posts.upsert({ id: "second000000000", n: 7 });
    posts.delete("first0000000000");
    const results = await batch.send();
    assert.deepEqual(results.map(({ status }) => status), [200, 200, 200, 200, 204]);
    assert.equal(results[0].body.title, "001");
    assert.deepEqual(results[0].body.data, { a: [1, "x"] });
    assert.equal(results[1].body.n, 2);
    assert.equal(results[3].body.n, 7);
    const left = await guest().collection(name).getFullList();
    assert.deepEqual(left.map(({ id }) => id), ["second000000000"]);
    await root.collection(name).delete("second000000000");
  });

  test("a batch fails as a whole, and says where", async () => {
    const batch = guest().createBatch();
    batch.collection(name).create({ title: "lost" });
    batch.collection(name).create({ title: "x".repeat(21) });
    const { data, message } = (await refused(400, batch.send())).response;
    assert.equal(message, "Batch transaction failed.");
    assert.deepEqual(Object.keys(data.requests), ["1"]);
    assert.equal(data.requests[1].response.data.title.code, "validation_max_text_constraint");
    assert.equal((await guest().collection(name).getList()).totalItems, 0);
  });

  test("a form with parts is a record", async () => {
    const form = new FormData();
    for (const [key, value] of [["title", "12"], ["n", "1.5"], ["data", "[1]"]]) form.append(key, value);
    const record = await guest().collection(name).create(form);
    assert.deepEqual([record.title, record.n, record.data], ["12", 1.5, [1]]);
    await root.collection(name).delete(record.id);
  });
});
