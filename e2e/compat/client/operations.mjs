import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { required } from "../lib/env.mjs";
import { guest, superuser } from "../lib/fixture.mjs";
import { refused } from "../lib/expect.mjs";

describe("logs", () => {
  let root;
  before(async () => {
    root = await superuser();
  });

  /** What `ask` gives once it gives something: the log is written behind the requests. */
  async function soon(ask) {
    const until = Date.now() + 20_000;
    for (;;) {
      const found = await ask();
      if (found || Date.now() > until) return found;
      await sleep(50);
    }
  }

  test("a request is found again, by filter and by id", async () => {
    const path = `/api/collections/users/records?page=1&mark=${Math.random()}`;
    await root.send(path, {});
    const filter = root.filter("data.url = {:path} && data.auth = '_superusers'", { path });
    const log = await soon(async () => (await root.logs.getList(1, 5, { filter })).items[0]);
    assert.equal(log.data.status, 200);
    assert.ok(log.data.execTime > 0);
    assert.deepEqual(await root.logs.getOne(log.id), log);
    const stats = await root.logs.getStats({ filter });
    assert.deepEqual(stats.map(({ total }) => total), [1]);
    assert.match(stats[0].date, /^\d{4}-\d\d-\d\d \d\d:00:00\.000Z$/);
  });

  test("they are for superusers, and filters of them are checked", async () => {
    await refused(401, guest().logs.getList());
    await refused(400, root.logs.getList(1, 5, { filter: "secret = 1" }));
    await refused(404, root.logs.getOne("missing00000000"));
  });
});

describe("crons", () => {
  let root;
  let job;
  before(async () => {
    root = await superuser();
    job = await root.collection("_jobs").create({
      name: `client_${Math.random().toString(36).slice(2)}`,
      schedule: "0 3 * * *",
      kind: "maintenance",
      payload: { tasks: ["optimize"] },
      enabled: true,
    });
  });
  after(() => root.collection("_jobs").delete(job.id));

  test("are listed and run", async () => {
    const crons = await root.crons.getFullList();
    assert.deepEqual(crons.find(({ id }) => id === job.id), { id: job.id, expression: "0 3 * * *" });
    assert.equal(await root.crons.run(job.id), true);
    await refused(404, root.crons.run("missing00000000"));
    await refused(401, guest().crons.getFullList());
  });
});

describe("tests of the settings", () => {
  test("a mail is sent, of each kind", async () => {
    const root = await superuser();
    for (const kind of ["verification", "password-reset"]) {
      assert.equal(await root.settings.testEmail("users", required("PLINTH_EMAIL"), kind), true);
    }
    const { response } = await refused(400, root.settings.testEmail("users", "nobody", "verification"));
    assert.equal(response.data.email.code, "validation_is_email");
  });

  test("there is no bucket to test", async () => {
    await refused(400, (await superuser()).settings.testS3("storage"));
  });
});
