import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { guest, member, Sandbox, superuser } from "../lib/fixture.mjs";
import { refused } from "../lib/expect.mjs";

describe("rules", () => {
  let root;
  let sandbox;
  let people;
  let ann;
  let bob;
  before(async () => {
    root = await superuser();
    sandbox = new Sandbox(root);
    people = await sandbox.people("people", ["ann", "bob"]);
    ann = await member(people.collection.name, "ann@example.com");
    bob = await member(people.collection.name, "bob@example.com");
  });
  after(() => sandbox.clean());

  /** A collection of notes with one rule for all actions, and a note of each person. */
  async function notes(word, rule, fields = []) {
    const rules = { listRule: rule, viewRule: rule, createRule: rule, updateRule: rule, deleteRule: rule };
    const owner = { type: "relation", name: "owner", collectionId: people.collection.id };
    const { name } = await sandbox.collection(word, [{ type: "text", name: "text" }, owner, ...fields], rules);
    const make = (nick) => root.collection(name).create({ text: nick, owner: people.accounts[nick].id });
    return { name, ann: await make("ann"), bob: await make("bob") };
  }

  test("locked: superusers only", async () => {
    const { name, ann: note } = await notes("locked", null);
    for (const client of [guest(), ann]) {
      await refused(403, client.collection(name).getList());
      await refused(403, client.collection(name).getOne(note.id));
      await refused(403, client.collection(name).create({ text: "x" }));
      await refused(403, client.collection(name).update(note.id, { text: "x" }));
      await refused(403, client.collection(name).delete(note.id));
    }
    assert.equal((await root.collection(name).getList()).totalItems, 2);
  });

  test("empty: everybody", async () => {
    const { name, ann: note } = await notes("open", "");
    const client = guest().collection(name);
    assert.equal((await client.getList()).totalItems, 2);
    await client.update(note.id, { text: "changed by a guest" });
    await client.delete(note.id);
    await client.create({ text: "made by a guest" });
  });

  test("signed in: a guest's list is empty, a record is a 404", async () => {
    const { name, ann: note } = await notes("signed_in", "@request.auth.id != ''");
    assert.equal((await guest().collection(name).getList()).totalItems, 0);
    await refused(404, guest().collection(name).getOne(note.id));
    await refused(400, guest().collection(name).create({ text: "x" }));
    assert.equal((await bob.collection(name).getList()).totalItems, 2);
  });

  test("owner: everybody has their own", async () => {
    const { name, ann: note } = await notes("owned", "owner = @request.auth.id && @request.auth.id != ''");
    const mine = await ann.collection(name).getFullList();
    assert.deepEqual(
      mine.map(({ text }) => text),
      ["ann"],
    );
    await ann.collection(name).update(note.id, { text: "hers" });
    await refused(404, bob.collection(name).getOne(note.id));
    await refused(404, bob.collection(name).update(note.id, { text: "his" }));
    await refused(404, bob.collection(name).delete(note.id));
    await refused(400, bob.collection(name).create({ text: "x", owner: people.accounts.ann.id }));
    await bob.collection(name).create({ text: "x", owner: people.accounts.bob.id });
    assert.equal((await root.collection(name).getOne(note.id)).text, "hers");
  });

  test("body: what may be sent", async () => {
    const { name, ann: note } = await notes("body", "@request.method = 'GET' || @request.body.owner:isset = false");
    const client = guest().collection(name);
    await client.update(note.id, { text: "fine" });
    await refused(404, client.update(note.id, { text: "not fine", owner: "" }));
    await refused(400, client.create({ text: "x", owner: people.accounts.ann.id }));
    assert.equal((await client.getOne(note.id)).text, "fine");
  });

  test("through another collection", async () => {
    const { name } = await notes(
      "joined",
      `owner.nick = @request.auth.nick && @collection.${people.collection.name}.id ?= owner`,
    );
    assert.deepEqual(
      (await ann.collection(name).getFullList()).map(({ text }) => text),
      ["ann"],
    );
    assert.equal((await guest().collection(name).getList()).totalItems, 0);
  });

  test("hidden fields are neither shown, written nor searched", async () => {
    const { name, ann: note } = await notes("hidden", "", [{ type: "text", name: "secret", hidden: true }]);
    await root.collection(name).update(note.id, { secret: "s" });
    const client = guest().collection(name);
    assert.ok(!("secret" in (await client.getOne(note.id))));
    assert.ok(!("secret" in (await client.getOne(note.id, { fields: "*,secret" }))));
    await client.update(note.id, { secret: "overwritten" });
    assert.equal((await root.collection(name).getOne(note.id)).secret, "s");
    await refused(400, client.getList(1, 1, { filter: "secret = 's'" }));
    await refused(400, client.getList(1, 1, { sort: "secret" }));
  });

  test("only superusers search by the request or by other collections", async () => {
    const { name } = await notes("search", "");
    await refused(403, ann.collection(name).getList(1, 1, { filter: "@request.auth.id != ''" }));
    await refused(
      403,
      ann.collection(name).getList(1, 1, { filter: `@collection.${people.collection.name}.id != ''` }),
    );
    await root.collection(name).getList(1, 1, { filter: "@request.auth.id != ''" });
  });
});
