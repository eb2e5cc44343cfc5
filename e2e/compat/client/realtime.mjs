import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EventSource } from "eventsource";
import PocketBase from "pocketbase";
import { required } from "../lib/env.mjs";
import { Sandbox, guest, member, superuser } from "../lib/fixture.mjs";

// Browsers have it; the client expects it.
globalThis.EventSource = EventSource;

/** Waits until as many events have come. */
async function until(events, count) {
  const deadline = Date.now() + 20_000;
  while (events.length < count) {
    assert.ok(Date.now() < deadline, `${events.length} of ${count} events came: ${JSON.stringify(events)}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

describe("realtime", () => {
  let root, sandbox, notes, collection;
  before(async () => {
    root = await superuser();
    sandbox = new Sandbox(root);
    collection = (
      await sandbox.collection("notes", [
        { type: "text", name: "title" },
        { type: "text", name: "owner" },
        { type: "text", name: "secret", hidden: true },
      ])
    ).name;
    notes = root.collection(collection);
  });
  after(() => sandbox.clean());

  test("hears of creates, updates and deletes", async () => {
    const client = guest();
    const events = [];
    await client.collection(collection).subscribe("*", (event) => events.push(event));
    const note = await notes.create({ title: "one", secret: "s" });
    await notes.update(note.id, { title: "two" });
    await notes.delete(note.id);
    await until(events, 3);
    assert.deepEqual(
      events.map(({ action, record }) => [action, record.id, record.title, record.secret]),
      [
        ["create", note.id, "one", undefined],
        ["update", note.id, "two", undefined],
        ["delete", note.id, "two", undefined],
      ],
    );
    client.realtime.disconnect();
  });

  test("one record, and no longer after unsubscribing", async () => {
    const [one, other] = [await notes.create({ title: "one" }), await notes.create({ title: "other" })];
    const client = guest();
    const [events, all] = [[], []];
    const unsubscribe = await client.collection(collection).subscribe(one.id, (event) => events.push(event));
    await client.collection(collection).subscribe("*", (event) => all.push(event));
    await notes.update(other.id, { title: "x" });
    await notes.update(one.id, { title: "y" });
    await until(all, 2);
    await until(events, 1);
    assert.equal(events[0].record.title, "y");
    await unsubscribe();
    await notes.update(one.id, { title: "z" });
    await until(all, 3);
    assert.equal(events.length, 1);
    client.realtime.disconnect();
  });

  test("filter, expand and fields as options", async () => {
    const client = guest();
    const events = [];
    const options = { filter: client.filter("title ~ {:word}", { word: "yes" }), fields: "title" };
    await client.collection(collection).subscribe("*", (event) => events.push(event), options);
    await notes.create({ title: "no" });
    await notes.create({ title: "yes" });
    await until(events, 1);
    assert.deepEqual(events, [{ action: "create", record: { title: "yes" } }]);
    client.realtime.disconnect();
  });

  test("everybody hears what the rule lets them", async () => {
    const people = await sandbox.people("listeners", ["ann", "bob"]);
    const own = await sandbox.collection("own", [{ type: "text", name: "owner" }], {
      listRule: "owner = @request.auth.id || owner = 'all'",
    });
    const clients = [
      guest(),
      await member(people.collection.name, "ann@example.com"),
      await member(people.collection.name, "bob@example.com"),
      await superuser(),
    ];
    const heard = clients.map(() => []);
    for (const [index, client] of clients.entries()) {
      await client.collection(own.name).subscribe("*", ({ record }) => heard[index].push(record.owner));
    }
    const { ann, bob } = people.accounts;
    for (const owner of [ann.id, bob.id, "all"]) await root.collection(own.name).create({ owner });
    await until(heard[3], 3);
    for (const list of heard) await until(list, list === heard[0] ? 1 : 2);
    assert.deepEqual(heard, [["all"], [ann.id, "all"], [bob.id, "all"], [ann.id, bob.id, "all"]]);
    for (const client of clients) client.realtime.disconnect();
  });

  test("connects anew by itself", async () => {
    const client = guest();
    const [events, connects] = [[], []];
    await client.realtime.subscribe("PB_CONNECT", () => connects.push(client.realtime.clientId));
    await client.collection(collection).subscribe("*", (event) => events.push(event));
    await until(connects, 1);
    // As when the network fails: the client notices, and connects under a new id.
    client.realtime.eventSource.onerror(new Event("error"));
    await until(connects, 2);
    await client.collection(collection).subscribe("again", () => {});
    assert.equal(new Set(connects).size, 2);
    await notes.create({ title: "after" });
    await until(events, 1);
    client.realtime.disconnect();
  });

  test("the same story at PocketBase", async () => {
    const [here, there] = await Promise.all([
      story(required("PLINTH_URL")),
      story(required("POCKETBASE_URL")),
    ]);
    assert.deepEqual(here, there);
    assert.ok(here.length > 10);
  });
});

/** What a guest, a member and a superuser hear of the same writes; sorted, as PocketBase promises no order. */
async function story(url) {
  const connect = () => new PocketBase(url).autoCancellation(false);
  const root = connect();
  await root.collection("_superusers").authWithPassword(required("PLINTH_EMAIL"), required("PLINTH_PASSWORD"));
  const run = Math.random().toString(36).slice(2, 8);
  const [parents, children] = [`rt_parents_${run}`, `rt_children_${run}`];
  const rules = { viewRule: "", createRule: "", updateRule: "", deleteRule: "" };
  const { id: collectionId } = await root.collections.create({
    name: parents,
    type: "base",
    ...rules,
    listRule: "open = true || @request.auth.id != ''",
    fields: [
      { type: "bool", name: "open" },
      { type: "text", name: "markup" },
      { type: "text", name: "secret", hidden: true },
    ],
  });
  await root.collections.create({
    name: children,
    type: "base",
    ...rules,
    listRule: "",
    fields: [
      { type: "relation", name: "parent", collectionId, maxSelect: 1, cascadeDelete: true },
      { type: "json", name: "data" },
    ],
  });
  const guest = connect();
  const heard = [];
  const hear = (who) => (event) => heard.push([who, event.action, event.record]);
  const subscribe = (client, name, topic, who, options) =>
    client.collection(name).subscribe(topic, hear(who), options);
  const parent = (n) => `parent00000000${n}`;
  await subscribe(guest, parents, "*", "guest");
  await subscribe(guest, parents, parent(1), "guest, one");
  await subscribe(guest, children, "*", "guest, expanded", { expand: "parent", fields: "id,data,expand.parent.markup" });
  await subscribe(guest, children, "*", "guest, filtered", { filter: "data.a > 1" });
  await subscribe(guest, children, "*", "guest, odd filter", { filter: "nothing = 1" });
  await subscribe(root, parents, "*", "root");

  // One after the other: an event has what its record refers to as it is when the event is told.
  let expected = 0;
  const step = async (count, written) => {
    await written;
    expected += count;
    await until(heard, expected);
  };
  const [ofParents, ofChildren] = [root.collection(parents), root.collection(children)];
  await step(2, ofParents.create({ id: parent(1), open: false, markup: "<a&b>", secret: "s" }));
  await step(2, ofParents.create({ id: parent(2), open: true }));
  await step(3, ofParents.update(parent(1), { open: true }));
  await step(2, ofParents.update(parent(2), {}));
  await step(1, ofChildren.create({ id: "child0000000001", parent: parent(1), data: { a: 1 } }));
  await step(2, ofChildren.create({ id: "child0000000002", parent: parent(2), data: { a: 2.5 } }));
  await step(2, ofChildren.update("child0000000002", { "parent-": parent(2) }));
  await step(1, ofParents.update(parent(2), { open: false }));
  await step(1, ofParents.delete(parent(2)));
  await step(1, ofChildren.delete("child0000000001"));
  await step(3, root.collections.truncate(parents));
  // Nothing more may come.
  await new Promise((done) => setTimeout(done, 300));
  guest.realtime.disconnect();
  root.realtime.disconnect();
  for (const name of [children, parents]) await root.collections.delete(name);
  const neutral = (event) =>
    JSON.stringify(event)
      .replaceAll(run, "run")
      .replaceAll(/"collectionId":"[^"]*"/g, '"collectionId":""');
  return heard.map(neutral).sort();
}
