import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Sandbox, superuser } from "../lib/fixture.mjs";
import { refused } from "../lib/expect.mjs";

describe("lists", () => {
  let root;
  let sandbox;
  let items;
  before(async () => {
    root = await superuser();
    sandbox = new Sandbox(root);
    const { name } = await sandbox.collection("items", [
      { type: "text", name: "word" },
      { type: "number", name: "n" },
      { type: "bool", name: "even" },
      { type: "json", name: "data" },
      { type: "select", name: "marks", values: ["x", "y", "z"], maxSelect: 3 },
    ]);
    items = root.collection(name);
    const words = ["Zero", "one", "two", "three", "four", "five", "100% six", "it's seven"];
    for (const [n, word] of words.entries()) {
      await items.create({ word, n, even: n % 2 === 0, data: { half: n / 2 }, marks: ["x", "y", "z"].slice(0, n % 4) });
    }
  });
  after(() => sandbox.clean());

  const numbers = async (options) => (await items.getFullList({ sort: "n", ...options })).map(({ n }) => n);

  test("come in pages with totals", async () => {
    const page = await items.getList(2, 3, { sort: "n" });
    assert.deepEqual(
      page.items.map(({ n }) => n),
      [3, 4, 5],
    );
    const { items: _, ...envelope } = page;
    assert.deepEqual(envelope, { page: 2, perPage: 3, totalItems: 8, totalPages: 3 });
    assert.deepEqual((await items.getList(9, 3)).items, []);
  });

  test("leave the totals out on demand", async () => {
    const page = await items.getList(1, 3, { skipTotal: true });
    assert.equal(page.items.length, 3);
    assert.equal(page.totalItems, -1);
    assert.equal(page.totalPages, -1);
  });

  test("getFullList fetches all of it, in batches", async () => {
    assert.deepEqual(await numbers({ batch: 3 }), [0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("are sorted, by several keys", async () => {
    assert.deepEqual(await numbers({ sort: "-n" }), [7, 6, 5, 4, 3, 2, 1, 0]);
    assert.deepEqual(await numbers({ sort: "even,-n" }), [7, 5, 3, 1, 6, 4, 2, 0]);
    assert.deepEqual(await numbers({ sort: "-data.half" }), [7, 6, 5, 4, 3, 2, 1, 0]);
    assert.equal((await numbers({ sort: "@random" })).length, 8);
  });

  test("keep the order of insertion when not sorted", async () => {
    assert.deepEqual(
      (await items.getFullList()).map(({ n }) => n),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
  });

  test("are filtered", async () => {
    assert.deepEqual(await numbers({ filter: "n > 2 && n <= 5" }), [3, 4, 5]);
    assert.deepEqual(await numbers({ filter: "n = 0 || even = false && n > 4" }), [0, 5, 7]);
    assert.deepEqual(await numbers({ filter: "(n = 0 || even = false) && n > 4" }), [5, 7]);
    assert.deepEqual(await numbers({ filter: "word ~ 'ZE'" }), [0]);
    assert.deepEqual(await numbers({ filter: "word !~ 'e'" }), [2, 4, 6]);
    assert.deepEqual(await numbers({ filter: "word ~ 't%'" }), [2, 3]);
    assert.deepEqual(await numbers({ filter: "data.half >= 3" }), [6, 7]);
    assert.deepEqual(await numbers({ filter: "marks:length = 3" }), [3, 7]);
    assert.deepEqual(await numbers({ filter: "marks:each = 'x'" }), [1, 5]);
    assert.deepEqual(await numbers({ filter: "marks:each ?= 'z'" }), [3, 7]);
    assert.deepEqual(await numbers({ filter: "word:lower = 'zero' // a comment" }), [0]);
  });

  test("placeholders are bound safely", async () => {
    const find = (word) => numbers({ filter: root.filter("word = {:word}", { word }) });
    assert.deepEqual(await find("it's seven"), [7]);
    assert.deepEqual(await find("100% six"), [6]);
    assert.deepEqual(await find("' || 1=1 || '"), []);
  });

  test("getFirstListItem gives the first, or a 404", async () => {
    assert.equal((await items.getFirstListItem("even = true", { sort: "-n" })).n, 6);
    await refused(404, items.getFirstListItem("n > 100"));
  });

  test("getOne without an id is a 404 without a request", async () => {
    await refused(404, items.getOne(""));
  });

  test("mistakes are a 400", async () => {
    await refused(400, items.getList(1, 10, { filter: "missing = 1" }));
    await refused(400, items.getList(1, 10, { filter: "n = " }));
    await refused(400, items.getList(1, 10, { sort: "missing" }));
  });

  test("several requests at once do not disturb each other", async () => {
    const lists = await Promise.all(Array.from({ length: 10 }, (_, n) => items.getList(1, 1, { filter: `n = ${n}` })));
    assert.deepEqual(
      lists.map(({ totalItems }) => totalItems),
      [1, 1, 1, 1, 1, 1, 1, 1, 0, 0],
    );
  });
});
