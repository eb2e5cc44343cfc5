import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { guest, member, Sandbox, superuser } from "../lib/fixture.mjs";
import { invalid, refused } from "../lib/expect.mjs";

// A picture of one pixel.
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const text = (name, content = name) => new File([content], name, { type: "text/plain" });

describe("files", () => {
  let root;
  let sandbox;
  let posts;
  before(async () => {
    root = await superuser();
    sandbox = new Sandbox(root);
    const { name } = await sandbox.collection("files", [
      { type: "text", name: "title" },
      { type: "file", name: "docs", maxSelect: 3, maxSize: 1000 },
      { type: "file", name: "picture", mimeTypes: ["image/png"], thumbs: ["10x10"] },
    ]);
    posts = guest().collection(name);
  });
  after(() => sandbox.clean());

  const content = async (url) => {
    const answer = await fetch(url);
    return [answer.status, await answer.text()];
  };

  test("are sent in a FormData, or in an object", async () => {
    const form = new FormData();
    form.append("title", "form");
    form.append("docs", text("one.txt"));
    form.append("docs", text("two.txt"));
    const first = await posts.create(form);
    assert.equal(first.title, "form");
    assert.match(first.docs[0], /^one_[a-z0-9]{10}\.txt$/);
    const second = await posts.create({ title: "object", docs: [text("one.txt"), text("two.txt")], picture: null });
    assert.equal(second.docs.length, 2);
    assert.equal(second.picture, "");
    assert.deepEqual(await content(guest().files.getURL(first, first.docs[1])), [200, "two.txt"]);
  });

  test("are added, replaced and deleted", async () => {
    let post = await posts.create({ docs: [text("one.txt")] });
    const [one] = post.docs;
    post = await posts.update(post.id, { "docs+": text("two.txt") });
    post = await posts.update(post.id, { "+docs": [text("three.txt")] });
    assert.deepEqual(post.docs.map((name) => name.split("_")[0]), ["three", "one", "two"]);
    await invalid({ docs: "too_many_files" }, posts.update(post.id, { "docs+": text("four.txt") }));
    post = await posts.update(post.id, { "docs-": [one] });
    assert.equal(post.docs.length, 2);
    assert.equal((await content(guest().files.getURL(post, one)))[0], 404);
    post = await posts.update(post.id, { docs: [] });
    assert.deepEqual(post.docs, []);
  });

  test("that are too large or of another type are refused", async () => {
    await invalid({ docs: "file_size_limit" }, posts.create({ docs: [text("long.txt", "x".repeat(1001))] }));
    await invalid({ picture: "invalid_mime_type" }, posts.create({ picture: text("fake.png") }));
    await invalid({ docs: "invalid_file" }, posts.create({ docs: ["other.txt"] }));
  });

  test("that are pictures have small ones", async () => {
    const post = await posts.create({ picture: new File([PNG], "pixel.png") });
    const { files } = guest();
    for (const [options, type, name] of [
      [{ thumb: "10x10" }, "image/png", `10x10_${post.picture}`],
      [{ thumb: "100x100" }, "image/png", `100x100_${post.picture}`],
      [{ thumb: "11x11" }, "image/png", post.picture],
      [{}, "image/png", post.picture],
    ]) {
      const answer = await fetch(files.getURL(post, post.picture, options));
      assert.equal(answer.headers.get("content-type"), type);
      assert.equal(answer.headers.get("content-disposition"), `inline; filename=${name}`);
    }
    const saved = await fetch(files.getURL(post, post.picture, { download: true }));
    assert.equal(saved.headers.get("content-disposition"), `attachment; filename=${post.picture}`);
  });

  test("that are protected need a token of somebody who may view the record", async () => {
    const { collection: people, accounts } = await sandbox.people("file_people", ["ann", "bob"]);
    const { name } = await sandbox.collection(
      "protected",
      [
        { type: "file", name: "doc", protected: true },
        { type: "relation", name: "owner", collectionId: people.id },
      ],
      { viewRule: "owner = @request.auth.id" },
    );
    const post = await root.collection(name).create({ doc: text("doc.txt", "secret"), owner: accounts.ann.id });
    const asked = async (client) => {
      const token = await client.files.getToken();
      return content(client.files.getURL(post, post.doc, { token }));
    };
    assert.deepEqual(await asked(await member(people.name, "ann@example.com")), [200, "secret"]);
    assert.deepEqual(await asked(root), [200, "secret"]);
    assert.equal((await asked(await member(people.name, "bob@example.com")))[0], 404);
    assert.equal((await content(guest().files.getURL(post, post.doc)))[0], 404);
    await refused(401, guest().files.getToken());
  });
});
