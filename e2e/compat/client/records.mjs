import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Sandbox, superuser } from "../lib/fixture.mjs";
import { invalid, refused } from "../lib/expect.mjs";

describe("records", () => {
  let root;
  let sandbox;
  let posts;
  before(async () => {
    root = await superuser();
    sandbox = new Sandbox(root);
    const { name } = await sandbox.collection("posts", [
      { type: "text", name: "title", required: true, max: 20 },
      { type: "number", name: "views", max: 1000 },
      { type: "bool", name: "published" },
      { type: "email", name: "contact" },
      { type: "url", name: "site" },
      { type: "date", name: "due" },
      { type: "select", name: "kind", values: ["news", "story"] },
      { type: "select", name: "tags", values: ["a", "b", "c"], maxSelect: 3 },
      { type: "json", name: "meta" },
      { type: "text", name: "secret", hidden: true },
      { type: "autodate", name: "created", onCreate: true },
      { type: "autodate", name: "updated", onCreate: true, onUpdate: true },
    ]);
    posts = root.collection(name);
  });
  after(() => sandbox.clean());

  test("have zero values where nothing is given", async () => {
    const { id, created, updated, collectionId, ...rest } = await posts.create({ title: "empty" });
    assert.match(id, /^[a-z0-9]{15}$/);
    assert.match(created, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.equal(created, updated);
    assert.match(collectionId, /^pbc_/);
    assert.deepEqual(rest, {
      collectionName: posts.collectionIdOrName,
      title: "empty",
      views: 0,
      published: false,
      contact: "",
      site: "",
      due: "",
      kind: "",
      tags: [],
      meta: null,
      secret: "",
    });
  });

  test("come back as they were sent", async () => {
    const sent = {
      id: "chosenid0000001",
      title: "é 漢 😀 <b>",
      views: -1.5,
      published: true,
      contact: "a@example.com",
      site: "https://example.com/x?y=1",
      due: "2024-05-06 07:08:09.000Z",
      kind: "news",
      tags: ["c", "a"],
      meta: { deep: [1, { x: null }], text: "t" },
      secret: "s",
    };
    const made = await posts.create(sent);
    for (const [key, value] of Object.entries(sent)) assert.deepEqual(made[key], value, key);
    assert.deepEqual(await posts.getOne(sent.id), made);
  });

  test("dates are read in several notations, and answered in one", async () => {
    const { due } = await posts.create({ title: "date", due: new Date("2024-01-02T03:04:05+02:00") });
    assert.equal(due, "2024-01-02 01:04:05.000Z");
  });

  test("are updated in part", async () => {
    const made = await posts.create({ title: "before", views: 3 });
    const changed = await posts.update(made.id, { title: "after" });
    assert.equal(changed.title, "after");
    assert.equal(changed.views, 3);
    assert.equal(changed.created, made.created);
    assert.ok(changed.updated >= made.updated);
  });

  test("are deleted", async () => {
    const { id } = await posts.create({ title: "gone" });
    assert.equal(await posts.delete(id), true);
    await refused(404, posts.getOne(id));
    await refused(404, posts.delete(id));
  });

  test("an invalid record says what is wrong with each field", async () => {
    const bad = { title: "", views: 1001, contact: "x", site: "x", kind: "other", tags: ["a", "z"] };
    const response = await invalid(
      {
        title: "required",
        views: "max_number_constraint",
        contact: "is_email",
        site: "invalid_url",
        kind: "invalid_value",
        tags: "invalid_value",
      },
      posts.create(bad),
    );
    assert.equal(response.message, "Failed to create record.");
    assert.equal(response.data.title.message, "Cannot be blank.");
    assert.deepEqual(response.data.views.params, { max: 1000 });
    assert.equal((await posts.getList(1, 1, { filter: "kind = 'other'" })).totalItems, 0);
  });

  test("an id must be well formed, unused, and stay as it is", async () => {
    await invalid({ id: "invalid_format" }, posts.create({ id: "NOT-LOWER-CASE!", title: "x" }));
    const { id } = await posts.create({ title: "x" });
    await invalid({ id: "not_unique" }, posts.create({ id, title: "y" }));
    await invalid({ id: "pk_change" }, posts.update(id, { id: "other0000000000" }));
  });

  test("numbers are changed relative to what they are", async () => {
    const { id } = await posts.create({ title: "n", views: 5 });
    assert.equal((await posts.update(id, { "views+": 3 })).views, 8);
    assert.equal((await posts.update(id, { "views-": 10 })).views, -2);
    await invalid({ views: "max_number_constraint" }, posts.update(id, { "views+": 5000 }));
    assert.equal((await posts.getOne(id)).views, -2);
  });

  test("no concurrent increment is lost", async () => {
    const { id } = await posts.create({ title: "n" });
    const times = 20;
    await Promise.all(Array.from({ length: times }, () => posts.update(id, { "views+": 1 })));
    const { views } = await posts.getOne(id);
    // PocketBase loses some (it reads, adds and writes); that is no reason to fail against it.
    if (!process.env.PEER) assert.equal(views, times);
  });

  test("several values are added in front, behind, and removed", async () => {
    const { id } = await posts.create({ title: "tags", tags: ["b"] });
    assert.deepEqual((await posts.update(id, { "tags+": "c" })).tags, ["b", "c"]);
    assert.deepEqual((await posts.update(id, { "+tags": ["a"] })).tags, ["a", "b", "c"]);
    assert.deepEqual((await posts.update(id, { "tags-": ["b", "c"] })).tags, ["a"]);
    assert.deepEqual((await posts.update(id, { "tags+": "a" })).tags, ["a"]);
  });

  test("JSON text is stored as the value that it spells", async () => {
    assert.deepEqual((await posts.create({ title: "j", meta: '{"a":[1]}' })).meta, { a: [1] });
    assert.equal((await posts.create({ title: "j", meta: "plain" })).meta, "plain");
  });

  test("fields picks what is answered", async () => {
    const made = await posts.create({ title: "picked words", views: 1, meta: { a: 1, b: 2 } });
    assert.deepEqual(await posts.getOne(made.id, { fields: "title,meta.a" }), {
      title: "picked words",
      meta: { a: 1 },
    });
    assert.deepEqual(await posts.getOne(made.id, { fields: "title:excerpt(6,true)" }), { title: "picked..." });
    assert.deepEqual(await posts.update(made.id, { views: 2 }, { fields: "views" }), { views: 2 });
  });

  test("a record or a collection that is not there is a 404", async () => {
    assert.equal((await refused(404, posts.getOne("missing00000000"))).message, "The requested resource wasn't found.");
    await refused(404, root.collection(sandbox.name("missing")).getList());
  });
});
