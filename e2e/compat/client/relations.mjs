import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { guest, Sandbox, superuser } from "../lib/fixture.mjs";
import { invalid, refused } from "../lib/expect.mjs";

describe("relations", () => {
  let root;
  let sandbox;
  let names;
  let ids;
  before(async () => {
    root = await superuser();
    sandbox = new Sandbox(root);
    const text = { type: "text", name: "text" };
    const relation = (name, target, options) => ({ type: "relation", name, collectionId: target.id, ...options });
    const authors = await sandbox.collection("authors", [text]);
    const tags = await sandbox.collection("tags", [text]);
    const posts = await sandbox.collection("posts", [
      text,
      relation("author", authors),
      relation("tags", tags, { maxSelect: 5 }),
    ]);
    const comments = await sandbox.collection("comments", [text, relation("post", posts, { cascadeDelete: true })]);
    const invoices = await sandbox.collection("invoices", [text, relation("author", authors, { required: true })]);
    names = { authors, tags, posts, comments, invoices };
    for (const [word, { name }] of Object.entries(names)) names[word] = name;
  });
  beforeEach(async () => {
    for (const word of ["comments", "invoices", "posts", "tags", "authors"])
      await root.collections.truncate(names[word]);
    const make = async (word, body) => (await root.collection(names[word]).create(body)).id;
    ids = {
      ann: await make("authors", { text: "Ann" }),
      red: await make("tags", { text: "red" }),
      blue: await make("tags", { text: "blue" }),
    };
    ids.post = await make("posts", { text: "post", author: ids.ann, tags: [ids.red, ids.blue] });
    ids.first = await make("comments", { text: "first", post: ids.post });
    ids.second = await make("comments", { text: "second", post: ids.post });
  });
  after(() => sandbox.clean());

  const post = (options) => root.collection(names.posts).getOne(ids.post, options);

  test("are expanded, single, several and nested", async () => {
    const { expand } = await post({ expand: "author,tags" });
    assert.equal(expand.author.text, "Ann");
    assert.deepEqual(
      expand.tags.map(({ text }) => text),
      ["red", "blue"],
    );
    const comment = await root.collection(names.comments).getOne(ids.first, { expand: "post.author" });
    assert.equal(comment.expand.post.expand.author.text, "Ann");
  });

  test("are expanded backwards", async () => {
    const back = `${names.comments}_via_post`;
    const { expand } = await post({ expand: back });
    assert.deepEqual(expand[back].map(({ text }) => text).sort(), ["first", "second"]);
    const author = await root
      .collection(names.authors)
      .getOne(ids.ann, { expand: `${names.posts}_via_author.${back}` });
    assert.equal(author.expand[`${names.posts}_via_author`][0].expand[back].length, 2);
  });

  test("without expand there is none", async () => {
    assert.ok(!("expand" in (await post())));
    assert.equal((await post({ expand: "text,missing" })).expand, undefined);
  });

  test("a record that may not be viewed is not expanded", async () => {
    await root.collections.update(names.authors, { viewRule: null });
    try {
      const { expand } = await guest().collection(names.posts).getOne(ids.post, { expand: "author,tags" });
      assert.deepEqual(Object.keys(expand), ["tags"]);
    } finally {
      await root.collections.update(names.authors, { viewRule: "" });
    }
  });

  test("filters reach through them", async () => {
    const count = async (filter) => (await root.collection(names.posts).getList(1, 1, { filter })).totalItems;
    assert.equal(await count("author.text = 'Ann'"), 1);
    assert.equal(await count("tags.text = 'red'"), 0, "= wants all of them");
    assert.equal(await count("tags.text ?= 'red'"), 1, "?= wants any of them");
    assert.equal(await count(`${names.comments}_via_post.text ?= 'second'`), 1);
    assert.equal(await count(`${names.comments}_via_post.text = 'second'`), 0);
  });

  test("only existing records can be referred to", async () => {
    await invalid(
      { author: "missing_rel_records" },
      root.collection(names.posts).create({ author: "missing00000000" }),
    );
  });

  test("references are added and removed", async () => {
    const posts = root.collection(names.posts);
    assert.deepEqual((await posts.update(ids.post, { "tags-": ids.red })).tags, [ids.blue]);
    assert.deepEqual((await posts.update(ids.post, { "+tags": ids.red })).tags, [ids.red, ids.blue]);
  });

  test("deleting a record deletes those that cascade from it", async () => {
    await root.collection(names.posts).delete(ids.post);
    assert.equal((await root.collection(names.comments).getList()).totalItems, 0);
  });

  test("deleting a record removes it where it was optional", async () => {
    await root.collection(names.tags).delete(ids.red);
    await root.collection(names.authors).delete(ids.ann);
    const { tags, author } = await post();
    assert.deepEqual(tags, [ids.blue]);
    assert.equal(author, "");
  });

  test("a record that another one requires stays", async () => {
    await root.collection(names.invoices).create({ author: ids.ann });
    const error = await refused(400, root.collection(names.authors).delete(ids.ann));
    assert.match(error.message, /required relation reference/);
    assert.equal((await post()).author, ids.ann, "nothing was changed");
  });
});
