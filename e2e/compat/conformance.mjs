// Plays vectors of requests and answers, each against a fresh copy of a data directory of PocketBase's that moved in:
//
//   PLINTH_BINARY=target/debug/plinth PLINTH_CONFORMANCE=DIR node conformance.mjs [--only TEXT] [--all] [--jobs N]
//     PLINTH_CONFORMANCE     has vectors.json, and pb_data, the data directory
//     PLINTH_DATABASE_URL    a PostgreSQL to make databases in; the embedded database without it
//     --all                  the files of vectors too that are about what is not there yet
//
// A vector is { file, test, name, method, url, headers, body, status, expect, reject }: the texts that the answer has to
// have in it, and those that it must not. Without texts, the answer has to be empty.
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { required } from "./lib/env.mjs";
import { send } from "./lib/http.mjs";
import { run, startPlinthIn } from "./lib/servers.mjs";

/** The files of which every vector holds. */
const FILES = new Set([
  "batch_test",
  "collection_import_test",
  "collection_test",
  "file_test",
  "health_test",
  "logs_test",
  "realtime_test",
  "record_auth_email_change_confirm_test",
  "record_auth_email_change_request_test",
  "record_auth_impersonate_test",
  "record_auth_methods_test",
  "record_auth_otp_request_test",
  "record_auth_refresh_test",
  "record_auth_with_oauth2_test",
  "record_auth_with_otp_test",
  "record_auth_with_password_test",
  "record_crud_auth_origin_test",
  "record_crud_external_auth_test",
  "record_crud_superuser_test",
  "record_crud_test",
]);

const { values: flags } = parseArgs({
  options: { only: { type: "string", default: "" }, all: { type: "boolean" }, jobs: { type: "string", default: "2" } },
});
const binary = resolve(required("PLINTH_BINARY"));
const directory = resolve(required("PLINTH_CONFORMANCE"));
const databaseUrl = process.env.PLINTH_DATABASE_URL;
const home = await mkdtemp(join(tmpdir(), "compat-conformance-"));
const template = join(home, "template");
const prefix = `conformance_${process.pid}`;

const total = { passed: 0, failed: 0 };
try {
  await prepare();
  const vectors = JSON.parse(await readFile(join(directory, "vectors.json"), "utf8"))
    .map((vector, index) => ({ ...vector, index, title: `${vector.file} › ${vector.test} › ${vector.name}` }))
    .filter(({ file, title }) => (flags.all || FILES.has(file.replace(/\.\w+$/, ""))) && title.includes(flags.only));
  if (vectors.length === 0) throw new Error("no vector to play");
  const worker = async () => {
    for (let vector = vectors.shift(); vector; vector = vectors.shift()) tell(vector, await play(vector));
  };
  await Promise.all(Array.from({ length: Number(flags.jobs) }, worker));
} finally {
  if (databaseUrl) await psql(`DROP DATABASE IF EXISTS ${prefix}`);
  await rm(home, { recursive: true, force: true });
}
console.log(`conformance: ${total.passed} passed, ${total.failed} failed on ${databaseUrl ? "postgres" : "sqlite"}`);
process.exitCode = total.failed === 0 ? 0 : 1;

/** What every vector starts from. */
async function prepare() {
  if (databaseUrl) await psql(`CREATE DATABASE ${prefix}`);
  await run(binary, [
    "import-pocketbase",
    "--superusers",
    join(directory, "pb_data"),
    "--dir",
    template,
    ...(databaseUrl ? ["--database-url", inCluster(prefix)] : []),
  ]);
}

async function play(vector) {
  const data = join(home, `${vector.index}`);
  const database = `${prefix}_${vector.index}`;
  await cp(template, data, { recursive: true });
  if (databaseUrl) await psql(`CREATE DATABASE ${database} TEMPLATE ${prefix}`);
  try {
    const plinth = await startPlinthIn(binary, data, databaseUrl && inCluster(database));
    try {
      return faults(vector, await send(plinth.url, asked(vector)));
    } finally {
      await plinth.stop();
    }
  } catch (error) {
    return [error.message];
  } finally {
    if (databaseUrl) await psql(`DROP DATABASE ${database}`);
    await rm(data, { recursive: true, force: true });
  }
}

function asked({ method, url, headers, body }) {
  const given = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()]);
  const path = url.replace(/[^\w/?&=%:@~!*'(),;+$\-.#[\]]/gu, encodeURIComponent);
  return {
    method,
    path,
    headers: { "content-type": "application/json", ...Object.fromEntries(given) },
    body: body ?? undefined,
  };
}

function faults({ status, expect, reject }, answer) {
  const found = [];
  if (answer.status !== status) found.push(`status ${answer.status}, not ${status}`);
  if (expect.length + reject.length === 0 && answer.text.trim()) found.push("a body where none is expected");
  for (const text of expect) if (!answer.text.includes(text)) found.push(`missing ${text}`);
  for (const text of reject) if (answer.text.includes(text)) found.push(`must not have ${text}`);
  if (found.length) found.push(`answer: ${answer.text.trim().slice(0, 500)}`);
  return found;
}

function tell({ title, method, url }, found) {
  total[found.length ? "failed" : "passed"] += 1;
  if (found.length) console.log([`not ok ${title}`, `${method} ${url}`, ...found].join("\n  "));
}

function inCluster(database) {
  const url = new URL(databaseUrl);
  url.pathname = `/${database}`;
  return url.href;
}

function psql(statement) {
  return run("psql", ["-q", inCluster("postgres"), "-v", "ON_ERROR_STOP=1", "-c", statement]);
}
