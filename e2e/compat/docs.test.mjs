// Runs the examples of docs/clients.md and docs/API.md as they stand there, against a live server:
//   PLINTH_URL=… PLINTH_EMAIL=… PLINTH_PASSWORD=… node --test docs.test.mjs
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import PocketBase from "pocketbase";
import { required } from "./lib/env.mjs";

const url = required("PLINTH_URL");
const here = fileURLToPath(new URL(".", import.meta.url));
const clients = await readFile(new URL("../../docs/clients.md", import.meta.url), "utf8");
const api = await readFile(new URL("../../docs/API.md", import.meta.url), "utf8");
const root = new PocketBase(url);
let folder;

before(async () => {
  await root.collection("_superusers").authWithPassword(required("PLINTH_EMAIL"), required("PLINTH_PASSWORD"));
  // Where imports find the packages of this folder.
  folder = await mkdtemp(join(here, ".docs-"));
  const own = '@request.auth.id != "" && author = @request.auth.id';
  await root.collections.create({
    name: "posts",
    type: "base",
    fields: [
      { name: "title", type: "text", required: true },
      { name: "views", type: "number" },
      { name: "published", type: "bool" },
      { name: "author", type: "relation", collectionId: "_pb_users_auth_", maxSelect: 1 },
      { name: "picture", type: "file", maxSelect: 1 },
      { name: "created", type: "autodate", onCreate: true },
    ],
    listRule: "",
    viewRule: "",
    createRule: own,
    updateRule: own,
  });
  const password = "battery staple";
  const ann = { email: "ann@example.com", password, passwordConfirm: password, name: "Ann", emailVisibility: true };
  await root.collection("users").create(ann);
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
  await root.collections.delete("posts");
  const ann = await root.collection("users").getFirstListItem('email = "ann@example.com"');
  await root.collection("users").delete(ann.id);
});

/** The blocks of a section in a language, with this server's address. */
function blocks(page, section, language) {
  const text = page.split(/\n###? /).find((text) => text.startsWith(`${section}\n`));
  assert.ok(text, `the page has no section ${section}`);
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(([, block]) =>
    block.replaceAll("http://127.0.0.1:8090", url),
  );
}

/** Runs a program, and returns what it printed. */
async function run(command, name, text) {
  const file = join(folder, name);
  await writeFile(file, text);
  const child = spawn(command[0], [...command.slice(1), file], { cwd: folder });
  let out = "";
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (out += data));
  const code = await new Promise((done, failed) => child.once("error", failed).once("close", done));
  assert.equal(code, 0, `${name}: ${out}`);
  return out;
}

test("JavaScript: the example prints what the page says", async () => {
  const [example] = blocks(clients, "JavaScript", "js");
  const [printed] = blocks(clients, "JavaScript", "text");
  assert.equal(await run([process.execPath], "example.mjs", example), printed);
});

test("curl: the example finds the record", async () => {
  const [example] = blocks(clients, "curl", "sh");
  const { items } = JSON.parse(await run(["bash", "-eu"], "example.sh", example));
  assert.deepEqual(items, [{ title: "Sunset", views: 1 }]);
});

test("Python: the example prints what the page says", async () => {
  const [example] = blocks(clients, "Python", "python");
  assert.match(clients, /It prints `1`/);
  assert.equal(await run(["python3"], "example.py", example), "1\n");
});

test("pagination: a page, and all pages by a cursor", async () => {
  const [first, all] = blocks(api, "Pagination", "sh");
  for (let number = 0; number < 57; number += 1) await root.collection("posts").create({ title: `Page ${number}` });
  const { items, page, totalPages } = JSON.parse(await run(["bash", "-eu"], "page.sh", first));
  assert.deepEqual([items.length, page, totalPages], [20, 2, 3]);
  const printed = await run(["bash", "-eu"], "all.sh", all.replace("perPage=500", "perPage=25"));
  const pages = printed.trim().split("\n").map((line) => JSON.parse(line).items);
  const ids = pages.flat().map((item) => item.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.length >= 57 && pages.length >= 3, `${ids.length} records in ${pages.length} pages`);
});
