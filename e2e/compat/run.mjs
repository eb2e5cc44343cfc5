// The entry that `make test` calls (through `run`): starts both servers, runs every check, stops them.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { pocketbaseBinary } from "./lib/pocketbase.mjs";
import { startMailServer } from "./lib/mailbox.mjs";
import { startPlinth, startPocketBase } from "./lib/servers.mjs";

const { values: flags } = parseArgs({ options: { plinth: { type: "string" }, "database-url": { type: "string" } } });
if (!flags.plinth) {
  console.error("usage: e2e/compat/run --plinth PATH [--database-url postgres://…]");
  process.exit(2);
}
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const engine = flags["database-url"] ? "postgres" : "sqlite";
const credentials = { email: "root@example.com", password: randomBytes(12).toString("hex") };
const counts = { passed: 0, failed: 0 };
const servers = [];
process.once("SIGINT", () => stopAll().then(() => process.exit(130)));
process.once("SIGTERM", () => stopAll().then(() => process.exit(143)));

try {
  const binary = resolve(flags.plinth);
  const mailbox = await started(startMailServer());
  const settings = { PLINTH_SMTP_URL: `smtp://127.0.0.1:${mailbox.port}` };
  const plinth = await started(startPlinth(binary, credentials, flags["database-url"], settings));
  const pocketbase = await started(startPocketBase(process.env.POCKETBASE ?? (await pocketbaseBinary()), credentials));
  const env = {
    ...process.env,
    PLINTH_URL: plinth.url,
    PLINTH_ENGINE: engine,
    POCKETBASE_URL: pocketbase.url,
    PLINTH_EMAIL: credentials.email,
    PLINTH_PASSWORD: credentials.password,
    PLINTH_MAILBOX: mailbox.directory,
    PLINTH_BINARY: binary,
    PLINTH_DATABASE_URL: flags["database-url"] ?? "",
  };
  const node = (...args) => [process.execPath, ...args];
  await check(
    node("--test", "--test-reporter=tap", here("lib/compare.test.mjs"), here("client.test.mjs")),
    env,
    countTap,
  );
  await check(node("--test", "--test-reporter=tap", here("docs.test.mjs")), env, countTap);
  // Mail servers of every kind: Plinths of their own, on the embedded database.
  if (engine === "sqlite") await check(node("--test", "--test-reporter=tap", here("mail.test.mjs")), env, countTap);
  await check(node("--test", "--test-reporter=tap", here("moving.test.mjs")), env, countTap);
  await check(node("--test", "--test-reporter=tap", here("oidc.test.mjs")), env, countTap);
  if (engine === "sqlite") await check(node("--test", "--test-reporter=tap", here("tokens.test.mjs")), env, countTap);
  await check(node(here("side-by-side.mjs")), env, countSideBySide);
  // Vectors that somebody has: requests to a data directory of PocketBase's, with the answers.
  if (env.PLINTH_CONFORMANCE) await check(node(here("conformance.mjs")), env, countConformance);
  await check([here("../../scripts/check-openapi"), plinth.url, await superuserToken(plinth.url)], env, countCargo);
  if (process.env.SDK_LIVE === "1") {
    await check(
      [here("../../scripts/cargo-test"), "--test", "live"],
      env,
      countCargo,
    );
    // Made-up filters over made-up records. Always the same ones: what another seed finds is looked for by hand.
    for (const seed of ["1", "2", "3"]) {
      await check(
        [here("../../scripts/cargo-test"), "--test", "peer"],
        { ...env, PLINTH_TEST_SEED: seed },
        countCargo,
      );
    }
  }
} catch (error) {
  counts.failed += 1;
  console.error(error.message);
} finally {
  if (counts.failed > 0) await showLogs();
  await stopAll();
}
console.log(`compat: ${counts.passed} passed, ${counts.failed} failed on ${engine}`);
process.exitCode = counts.failed === 0 ? 0 : 1;

async function started(promise) {
  const server = await promise;
  servers.push(server);
  return server;
}

async function superuserToken(url) {
  const answer = await fetch(`${url}/api/collections/_superusers/auth-with-password`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ identity: credentials.email, password: credentials.password }),
  });
  return (await answer.json()).token;
}

async function stopAll() {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
}

async function showLogs() {
  for (const server of servers) {
    const lines = (await server.log()).trimEnd().split("\n");
    console.error(`--- the end of ${server.name}'s log ---\n${lines.slice(-50).join("\n")}`);
  }
}

/** Runs a command with its output shown, and adds what `count` finds in it. A failure that it misses counts as one. */
async function check([command, ...args], env, count) {
  const { code, output } = await new Promise((done, failed) => {
    const child = spawn(command, args, { env, cwd: here("../.."), stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    // Indented, so that the total of one check is not taken for a line of the caller's own.
    createInterface({ input: child.stdout }).on("line", (line) => {
      output += `${line}\n`;
      console.log(`  ${line}`);
    });
    child.once("error", failed);
    child.once("close", (code) => done({ code, output }));
  });
  const { passed, failed } = count(output);
  counts.passed += passed;
  counts.failed += code !== 0 && failed === 0 ? 1 : failed;
}

function number(output, pattern) {
  return Number(pattern.exec(output)?.[1] ?? 0);
}

function countTap(output) {
  return {
    passed: number(output, /^# pass (\d+)/m),
    failed: number(output, /^# fail (\d+)/m) + number(output, /^# cancelled (\d+)/m),
  };
}

function countSideBySide(output) {
  const [, equal, listed, failed] = /(\d+) equal, (\d+) with listed differences, (\d+) failed/.exec(output) ?? [
    0, 0, 0, 1,
  ];
  return { passed: Number(equal) + Number(listed), failed: Number(failed) };
}

function countConformance(output) {
  const [, passed, failed] = /^conformance: (\d+) passed, (\d+) failed/m.exec(output) ?? [0, 0, 1];
  return { passed: Number(passed), failed: Number(failed) };
}

function countCargo(output) {
  return { passed: number(output, /(\d+) passed/), failed: number(output, /(\d+) failed/) };
}
