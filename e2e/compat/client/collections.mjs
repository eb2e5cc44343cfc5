import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { open, Sandbox, superuser } from "../lib/fixture.mjs";
import { refused } from "../lib/expect.mjs";

describe("collections", () => {
  let root;
  let sandbox;
  before(async () => {
    root = await superuser();
    sandbox = new Sandbox(root);
  });
  after(() => sandbox.clean());

  test("are created with the defaults filled in", async () => {
    const made = await sandbox.collection("plain", [
      { type: "text", name: "title", required: true },
      { type: "number", name: "n" },
    ]);
    assert.match(made.id, /^pbc_\d+$/);
    assert.equal(made.type, "base");
    assert.equal(made.system, false);
    assert.deepEqual(
      made.fields.map(({ name, type }) => [name, type]),
      [
        ["id", "text"],
        ["title", "text"],
        ["n", "number"],
      ],
    );
    assert.equal(made.fields[1].required, true);
    assert.deepEqual(await root.collections.getOne(made.name), made);
    assert.deepEqual(await root.collections.getOne(made.id), made);
  });

  test("a new collection is locked unless rules say otherwise", async () => {
    const made = await root.collections.create({ name: sandbox.name("locked"), type: "base", fields: [] });
    sandbox.adopt(made.id);
    for (const rule of ["listRule", "viewRule", "createRule", "updateRule", "deleteRule"])
      assert.equal(made[rule], null);
  });

  test("keep their records when a field and the collection are renamed", async () => {
    const made = await sandbox.collection("before", [{ type: "text", name: "old" }]);
    const record = await root.collection(made.name).create({ old: "kept" });
    const fields = made.fields.map((field) => (field.name === "old" ? { ...field, name: "new" } : field));
    const changed = await root.collections.update(made.id, { name: sandbox.name("after"), fields });
    assert.equal(changed.id, made.id);
    assert.equal((await root.collection(changed.name).getOne(record.id)).new, "kept");
  });

  test("a field added later has its zero value, a removed one is gone", async () => {
    const made = await sandbox.collection("shape", [{ type: "text", name: "a" }]);
    const { id } = await root.collection(made.name).create({ a: "x" });
    await root.collections.update(made.name, { fields: [...made.fields, { type: "number", name: "b" }] });
    assert.equal((await root.collection(made.name).getOne(id)).b, 0);
    await root.collections.update(made.name, { fields: [{ type: "number", name: "b" }] });
    assert.ok(!("a" in (await root.collection(made.name).getOne(id))));
  });

  test("a name is unique, whatever its case", async () => {
    const made = await sandbox.collection("taken", []);
    const { response } = await refused(400, root.collections.create({ name: made.name.toUpperCase(), type: "base" }));
    assert.equal(response.data.name.code, "validation_collection_name_exists");
  });

  test("errors name the field by its place", async () => {
    const fields = [
      { type: "text", name: "ok" },
      { type: "text", name: "not ok" },
    ];
    const { response } = await refused(
      400,
      root.collections.create({ name: sandbox.name("bad"), type: "base", fields }),
    );
    assert.equal(response.data.fields["2"].name.code, "validation_match_invalid");
  });

  test("a rule is checked when it is saved", async () => {
    const made = await sandbox.collection("ruled", []);
    const { response } = await refused(400, root.collections.update(made.id, { listRule: "missing = 1" }));
    assert.equal(response.data.listRule.code, "validation_invalid_rule");
  });

  test("are listed, filtered and sorted", async () => {
    await sandbox.collection("list_a", []);
    await sandbox.collection("list_b", []);
    const names = [sandbox.name("list_b"), sandbox.name("list_a")];
    const filter = root.filter("name ~ {:prefix}", { prefix: `${sandbox.name("list")}%` });
    const list = await root.collections.getList(1, 10, { filter, sort: "-name" });
    assert.deepEqual(
      list.items.map(({ name }) => name),
      names,
    );
    assert.equal(list.totalItems, 2);
    const full = await root.collections.getFullList({ filter, sort: "-name" });
    assert.deepEqual(
      full.map(({ name }) => name),
      names,
    );
    assert.equal((await root.collections.getFirstListItem(filter, { sort: "name" })).name, names[1]);
  });

  test("are imported, and merged on a second import", async () => {
    const name = sandbox.name("imported");
    const field = (word) => ({ id: `f_${word}`, type: "text", name: word });
    await root.collections.import([{ name, type: "base", ...open, fields: [field("a")] }]);
    const { id } = await root.collections.getOne(name);
    sandbox.adopt(id);
    const record = await root.collection(name).create({ a: "kept" });
    await root.collections.import([{ id, name, fields: [field("b")] }]);
    const merged = await root.collections.getOne(name);
    assert.deepEqual(merged.fields.map((f) => f.name).sort(), ["a", "b", "id"]);
    assert.equal(merged.listRule, "");
    assert.equal((await root.collection(name).getOne(record.id)).a, "kept");
  });

  test("an import happens as a whole or not at all", async () => {
    const good = sandbox.name("good");
    await refused(
      400,
      root.collections.import([
        { name: good, type: "base" },
        { name: "not good", type: "base" },
      ]),
    );
    await refused(404, root.collections.getOne(good));
  });

  test("are truncated", async () => {
    const made = await sandbox.collection("full", [{ type: "text", name: "t" }]);
    await root.collection(made.name).create({ t: "a" });
    assert.equal(await root.collections.truncate(made.name), true);
    assert.equal((await root.collection(made.name).getList()).totalItems, 0);
  });

  test("are deleted, unless another refers to them", async () => {
    const target = await sandbox.collection("target", []);
    const source = await sandbox.collection("source", [{ type: "relation", name: "to", collectionId: target.id }]);
    await refused(400, root.collections.delete(target.id));
    await root.collections.delete(source.id);
    await root.collections.delete(target.id);
    await refused(404, root.collections.getOne(target.id));
  });

  test("have scaffolds that can be saved", async () => {
    const scaffolds = await root.collections.getScaffolds();
    for (const type of ["base", "auth"]) {
      assert.equal(scaffolds[type].type, type);
      const made = await root.collections.create({
        ...scaffolds[type],
        name: sandbox.name(`from_${type}`),
        indexes: [],
      });
      sandbox.adopt(made.id);
      assert.ok(made.fields.some(({ name }) => name === "id"));
    }
  });

  test("a unique index is kept and enforced", async () => {
    const name = sandbox.name("unique");
    const index = `CREATE UNIQUE INDEX \`idx_${name}\` ON \`${name}\` (\`code\`)`;
    const made = await sandbox.collection("unique", [{ type: "text", name: "code" }], { indexes: [index] });
    assert.deepEqual(made.indexes, [index]);
    await root.collection(name).create({ code: "a" });
    const error = await refused(400, root.collection(name).create({ code: "a" }));
    assert.deepEqual(error.response.data, {
      code: { code: "validation_not_unique", message: "Value must be unique." },
    });
    assert.equal(error.data.message, "Failed to create record.");
  });
});
