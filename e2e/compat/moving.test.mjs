// A PocketBase in use moves in: afterwards Plinth gives the same answers, to the same tokens.
//   PLINTH_BINARY=… POCKETBASE=… [PLINTH_DATABASE_URL=…] node --test moving.test.mjs
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import PocketBase from "pocketbase";
import { required } from "./lib/env.mjs";
import { json, send } from "./lib/http.mjs";
import { pocketbaseBinary } from "./lib/pocketbase.mjs";
import { run, startPlinthIn, startPocketBase } from "./lib/servers.mjs";

const binary = resolve(required("PLINTH_BINARY"));
const credentials = { email: "root@example.com", password: "correct horse" };
/** A picture of one point. */
const PIXEL = Buffer.from("R0lGODdhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=", "base64");
const database = process.env.PLINTH_DATABASE_URL;

describe("a PocketBase that moves in", () => {
  let pocketbase;
  let plinth;
  let root;
  let ann;
  let said;
  let url;

  before(async () => {
    pocketbase = await startPocketBase(process.env.POCKETBASE ?? (await pocketbaseBinary()), credentials);
    ({ root, ann } = await fill(pocketbase.url));
    url = database && (await newDatabase());
    // It goes on running meanwhile: much of what it holds is still in its write-ahead log.
    said = await move();
    plinth = await startPlinthIn(binary, join(pocketbase.home, "moved"), url);
  });
  after(async () => {
    await plinth?.stop();
    await pocketbase?.stop();
    if (url) await psql(`DROP DATABASE ${new URL(url).pathname.slice(1)}`);
  });

  function move() {
    const to = ["--dir", join(pocketbase.home, "moved"), ...(url ? ["--database-url", url] : [])];
    return run(binary, ["import-pocketbase", "--superusers", join(pocketbase.home, "data"), ...to]);
  }

  /** The same request to both. */
  async function same(path, token) {
    const headers = token ? { Authorization: token } : {};
    const ask = (base) => send(base, { method: "GET", path, headers });
    const [ours, theirs] = await Promise.all([ask(plinth.url), ask(pocketbase.url)]);
    assert.equal(ours.status, theirs.status, `${path}: ${ours.text}`);
    assert.deepEqual(json(ours), json(theirs), path);
  }

  test("definitions are the same, with their ids, rules and indexes", () =>
    same("/api/collections?perPage=100&filter=system=false", root));

  test("system collections have the same fields and rules; their options are each server's own", () => {
    const fields = "id,name,fields,listRule,viewRule,createRule,updateRule,deleteRule,authRule,manageRule";
    return same(`/api/collections?perPage=100&filter=system=true&fields=${fields}`, root);
  });

  for (const name of ["users", "posts", "by_author", "_superusers", "_externalAuths", "_mfas", "_otps"]) {
    test(`the records of ${name} are the same`, () => same(`/api/collections/${name}/records?perPage=500`, root));
  }

  test("files are served as they were, and where a view shows them", async () => {
    const { items } = await new PocketBase(plinth.url).collection("by_author").getList(1, 10, { filter: "avatar != ''" });
    assert.equal(items.length, 1);
    for (const collection of ["users", "by_author"]) {
      const path = `/api/files/${collection}/${items[0].id}/${items[0].avatar}`;
      const [ours, theirs] = await Promise.all([plinth.url, pocketbase.url].map((base) => fetch(base + path)));
      assert.equal(ours.status, 200, path);
      assert.equal(ours.headers.get("content-type"), theirs.headers.get("content-type"));
      assert.deepEqual(await ours.arrayBuffer(), await theirs.arrayBuffer());
      assert.equal((await fetch(`${plinth.url}${path}?thumb=100x100`)).headers.get("content-type"), "image/gif");
    }
  });

  test("rules give everybody the same", async () => {
    for (const token of [ann, undefined, "garbage"]) {
      await same("/api/collections/posts/records?sort=-created,id&expand=author", token);
      await same("/api/collections/users/records", token);
      await same("/api/collections/_externalAuths/records", token);
    }
  });

  test("tokens stay good, and passwords too", async () => {
    const client = new PocketBase(plinth.url);
    client.authStore.save(ann);
    const { record } = await client.collection("users").authRefresh();
    assert.equal(record.email, "ann@example.com");
    const again = await client.collection("users").authWithPassword("ann@example.com", "correct horse");
    assert.equal(again.record.id, record.id);
    await client.collection("_superusers").authWithPassword(credentials.email, credentials.password);
  });

  test("a second run changes nothing but what has come in meanwhile", async () => {
    if (!url) {
      await plinth.terminate();
      plinth = undefined;
    }
    assert.match(said, /Moved: \d+ collections/);
    const again = await move();
    assert.doesNotMatch(again, /[1-9]\d* new[,\n ]/);
  });
});

async function fill(url) {
  const client = new PocketBase(url);
  client.autoCancellation(false);
  const signedIn = await client.collection("_superusers").authWithPassword(credentials.email, credentials.password);
  const password = { password: "correct horse", passwordConfirm: "correct horse" };
  const avatar = new File([PIXEL], "me.gif");
  const ann = await client.collection("users").create({ email: "ann@example.com", name: "Ann", verified: true, avatar, ...password });
  await client.collection("users").create({ email: "bob@example.com", emailVisibility: true, ...password });
  await client.collections.create({
    name: "posts",
    listRule: "public = true || author = @request.auth.id",
    viewRule: "",
    fields: [
      { name: "title", type: "text", required: true, max: 200 },
      { name: "likes", type: "number" },
      { name: "public", type: "bool" },
      { name: "site", type: "url" },
      { name: "contact", type: "email" },
      { name: "due", type: "date" },
      { name: "meta", type: "json" },
      { name: "tags", type: "select", maxSelect: 3, values: ["a", "b", "c"] },
      { name: "author", type: "relation", collectionId: ann.collectionId, maxSelect: 1 },
      { name: "created", type: "autodate", onCreate: true },
      { name: "updated", type: "autodate", onCreate: true, onUpdate: true },
    ],
    indexes: ["CREATE UNIQUE INDEX idx_posts_title ON posts (title COLLATE NOCASE) WHERE title != ''"],
  });
  const metas = [null, 1, 1.5, -0.1, 1e21, "text", "12", true, [], {}, { b: [1, { c: null }], a: "ü<&>" }, "\u2028"];
  for (const [index, meta] of metas.entries()) {
    await client.collection("posts").create({
      title: `Post ${index} ü🙂`,
      likes: index % 2 ? index / 3 : index * 1e6,
      public: index % 3 === 0,
      site: index ? "https://example.com/?a=b" : "",
      contact: index ? "a@example.com" : "",
      due: index ? "2024-02-29 12:00:00.123Z" : "",
      meta,
      tags: ["a", "b", "c"].slice(0, index % 4),
      author: index % 2 ? ann.id : "",
    });
  }
  await client.collections.create({
    name: "by_author",
    type: "view",
    listRule: "",
    viewRule: "",
    viewQuery: "SELECT users.id, users.name, users.avatar, COUNT(posts.id) AS total FROM users LEFT JOIN posts ON posts.author = users.id GROUP BY users.id, users.name, users.avatar",
  });
  await client.collection("_externalAuths").create({
    collectionRef: ann.collectionId,
    recordRef: ann.id,
    provider: "google",
    providerId: "1",
  });
  const other = new PocketBase(url);
  const { token } = await other.collection("users").authWithPassword("ann@example.com", "correct horse");
  return { root: signedIn.token, ann: token };
}

async function newDatabase() {
  const name = `moving_${process.pid}`;
  await psql(`CREATE DATABASE ${name}`);
  const url = new URL(database);
  url.pathname = `/${name}`;
  return url.href;
}

function psql(statement) {
  const url = new URL(database);
  url.pathname = "/postgres";
  return run("psql", ["-q", url.href, "-v", "ON_ERROR_STOP=1", "-c", statement]);
}
