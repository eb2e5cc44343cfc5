// See first.sh. Reads are measured in all rounds before the first create, so that both servers read tables of the
// same size. Within a round the servers take turns, so that a noisy minute hits both.
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { json, send } from "../compat/lib/http.mjs";
import { run, startPlinth, startPocketBase } from "../compat/lib/servers.mjs";
import { cpuMilliseconds, memory } from "./process.mjs";
import { report, summarise } from "./report.mjs";

const CREDENTIALS = { email: "bench@example.com", password: "benchmark-only" };
const WARM_UP_SECONDS = 1;
const COLLECTION = {
  name: "posts",
  type: "base",
  listRule: "",
  viewRule: "",
  createRule: "",
  updateRule: "",
  deleteRule: "",
  fields: [
    { type: "text", name: "title" },
    { type: "text", name: "body" },
    { type: "number", name: "views" },
    { type: "bool", name: "published" },
  ],
};
const requests = fileURLToPath(new URL("./requests.lua", import.meta.url));

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    rows: { type: "string", default: "10000" },
    connections: { type: "string", default: "1,16,64" },
    only: { type: "string", default: "get,list,total,create" },
    "database-url": { type: "string" },
    json: { type: "string" },
  },
});
if (positionals.length !== 2) {
  console.error("usage: e2e/bench/first.sh PLINTH_BINARY POCKETBASE_BINARY [options]");
  process.exit(2);
}
const [plinthBinary, pocketbaseBinary] = positionals.map((path) => resolve(path));
const [seconds, rounds, rows] = [flags.seconds, flags.rounds, flags.rows].map(Number);
const kinds = flags.only.split(",");
const workloads = kinds.flatMap((kind) =>
  flags.connections.split(",").map((connections) => ({ kind, connections: Number(connections) })),
);
const servers = [];
let runs = 0;

try {
  servers.push(await startPlinth(plinthBinary, CREDENTIALS, flags["database-url"]));
  servers.push(await startPocketBase(pocketbaseBinary, CREDENTIALS));
  for (const server of servers) await prepare(server);
  const samples = await measureAll();
  const after = Object.fromEntries(await Promise.all(servers.map(async ({ name, pid }) => [name, await memory(pid)])));
  const result = {
    seconds,
    rounds,
    rows,
    cpus: cpus().length,
    cpu: cpus()[0].model,
    engine: flags["database-url"] ? "postgres" : "sqlite",
    memory: Object.fromEntries(
      servers.map(({ name, idle }) => [name, { idle: idle.now, after: after[name].now, peak: after[name].peak }]),
    ),
    workloads: summarise(workloads, samples),
  };
  if (flags.json) await writeFile(flags.json, `${JSON.stringify(result, null, 2)}\n`);
  console.log(report(result));
} catch (error) {
  for (const server of servers) console.error(`--- ${server.name} ---\n${(await server.log()).slice(-2000)}`);
  console.error(error.stack);
  process.exitCode = 1;
} finally {
  await Promise.all(servers.map((server) => server.stop()));
}

async function measureAll() {
  const samples = [];
  const reads = workloads.filter(({ kind }) => kind !== "create");
  const writes = workloads.filter(({ kind }) => kind === "create");
  for (const phase of [reads, writes]) {
    for (let round = 1; round <= rounds; round += 1) {
      for (const workload of phase) {
        const turn = round % 2 ? servers : [...servers].reverse();
        for (const server of turn)
          samples.push({ ...workload, server: server.name, round, ...(await measure(server, workload)) });
      }
    }
  }
  return samples;
}

async function measure(server, { kind, connections }) {
  await checkAnswers(server, kind);
  await load(server, kind, connections, WARM_UP_SECONDS);
  const before = await cpuMilliseconds(server.pid);
  const result = await load(server, kind, connections, seconds);
  const used = (await cpuMilliseconds(server.pid)) - before;
  if (result.failed > 0)
    throw new Error(
      `${server.name}: ${result.failed} of ${result.requests} requests were not answered with 2xx (${kind})`,
    );
  const perSecond = result.requests / result.seconds;
  console.error(`${server.name} ${kind} c=${connections}: ${perSecond.toFixed(0)}/s`);
  return { perSecond, p50: result.p50, p99: result.p99, cpu: used / result.requests };
}

async function load(server, kind, connections, duration) {
  runs += 1;
  const output = await run("wrk", [
    "-t1",
    `-c${connections}`,
    `-d${duration}s`,
    "--timeout",
    "10s",
    "-s",
    requests,
    server.url,
    "--",
    kind,
    String(rows),
    String(runs),
  ]);
  return JSON.parse(/^RESULT (.*)$/m.exec(output)[1]);
}

/** One request by hand, because wrk looks at statuses only. */
async function checkAnswers(server, kind) {
  const posts = "/api/collections/posts/records";
  const expectations = {
    get: [`${posts}/${rowId(1)}`, (body) => body.id === rowId(1) && body.title === "Post 1"],
    list: [`${posts}?perPage=30&skipTotal=1`, (body) => body.items.length === 30 && body.totalItems === -1],
    total: [`${posts}?perPage=30`, (body) => body.items.length === 30 && body.totalItems === rows],
    create: [`${posts}?perPage=1`, (body) => body.totalItems >= rows],
  };
  const [path, isRight] = expectations[kind];
  const answer = await send(server.url, { method: "GET", path });
  if (answer.status !== 200 || !isRight(json(answer)))
    throw new Error(`${server.name}: wrong answer to ${path}: ${answer.text.slice(0, 300)}`);
}

/** Makes the collection and its rows, and switches PocketBase's request log off. */
async function prepare(server) {
  const call = async (method, path, body, token) => {
    const headers = { "Content-Type": "application/json", ...(token && { Authorization: token }) };
    const answer = await send(server.url, { method, path, headers, body: JSON.stringify(body) });
    if (answer.status !== 200) throw new Error(`${server.name}: ${method} ${path}: ${answer.status} ${answer.text}`);
    return json(answer);
  };
  const identity = { identity: CREDENTIALS.email, password: CREDENTIALS.password };
  const { token } = await call("POST", "/api/collections/_superusers/auth-with-password", identity);
  await call("PATCH", "/api/settings", { logs: { maxDays: 0 } }, token);
  server.idle = await memory(server.pid);
  await call("POST", "/api/collections", COLLECTION, token);
  let next = 1;
  const seed = async () => {
    for (let n = next++; n <= rows; n = next++) await call("POST", "/api/collections/posts/records", row(n));
  };
  await Promise.all(Array.from({ length: 32 }, seed));
}

function row(n) {
  return { id: rowId(n), title: `Post ${n}`, body: "Some words. ".repeat(10), views: n, published: n % 2 === 0 };
}

function rowId(n) {
  return `row${String(n).padStart(12, "0")}`;
}
