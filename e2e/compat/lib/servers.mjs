// Starts the servers under test on free loopback ports, with their own temporary data, and stops them by pid.
import { spawn } from "node:child_process";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const READY_WITHIN_MS = 30_000;
const STOPPED_WITHIN_MS = 10_000;

/** The environment without the run's own database: a server is told of its database by its flags. */
const { PLINTH_DATABASE_URL: _, ...environment } = process.env;

/** Plinth on the given database, or on the embedded one, with more settings in its environment. */
export function startPlinth(binary, credentials, databaseUrl, settings = {}) {
  const database = databaseUrl ? ["--database-url", databaseUrl] : [];
  return start("plinth", binary, async (dir, address) => {
    const upsert = ["superuser", "upsert", credentials.email, "--password-stdin", "--dir", dir, ...database];
    await run(binary, upsert, `${credentials.password}\n`);
    return ["serve", "--http", address, "--dir", dir, ...database];
  }, settings);
}

/** Plinth on data that is there already. */
export function startPlinthIn(binary, data, databaseUrl) {
  const database = databaseUrl ? ["--database-url", databaseUrl] : [];
  return start("plinth", binary, async (_, address) => ["serve", "--http", address, "--dir", data, ...database]);
}

/** PocketBase, told to keep to its data directory. */
export function startPocketBase(binary, credentials) {
  return start("pocketbase", binary, async (dir, address) => {
    const flags = [
      "--dir",
      dir,
      "--migrationsDir",
      join(dir, "migrations"),
      "--hooksDir",
      join(dir, "hooks"),
      "--publicDir",
      join(dir, "public"),
    ];
    await run(binary, ["superuser", "upsert", credentials.email, credentials.password, ...flags]);
    return ["serve", `--http=${address}`, "--automigrate=0", ...flags];
  });
}

async function start(name, binary, prepare, settings = {}) {
  const home = await mkdtemp(join(tmpdir(), `compat-${name}-`));
  const address = `127.0.0.1:${await freePort()}`;
  const logPath = join(home, "log");
  const log = await open(logPath, "w");
  try {
    const args = await prepare(join(home, "data"), address);
    const env = { ...environment, ...settings };
    const child = spawn(binary, args, { stdio: ["ignore", log.fd, log.fd], cwd: home, env });
    const server = new Server(name, child, `http://${address}`, home, logPath);
    await server.ready();
    return server;
  } catch (error) {
    error.message += `\n${await readFile(logPath, "utf8")}`;
    await rm(home, { recursive: true, force: true });
    throw error;
  } finally {
    await log.close();
  }
}

/** A running server process. */
class Server {
  #ended;

  constructor(name, child, url, home, logPath) {
    Object.assign(this, { name, child, url, home, logPath });
    this.#ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve(signal ?? code));
      child.once("error", resolve);
    });
  }

  get pid() {
    return this.child.pid;
  }

  log() {
    return readFile(this.logPath, "utf8");
  }

  async ready() {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (Date.now() < deadline) {
      const ended = await Promise.race([this.#ended, pause(50)]);
      if (ended !== undefined) throw new Error(`${this.name} ended at once: ${ended}`);
      const answer = await fetch(`${this.url}/api/health`).catch(() => undefined);
      if (answer?.ok) return;
    }
    this.child.kill("SIGKILL");
    throw new Error(`${this.name} does not answer within ${READY_WITHIN_MS} ms`);
  }

  async stop() {
    await this.terminate();
    await rm(this.home, { recursive: true, force: true });
  }

  /** Ends the process, and leaves its data. */
  async terminate() {
    this.child.kill("SIGTERM");
    const ended = await Promise.race([this.#ended, pause(STOPPED_WITHIN_MS)]);
    if (ended === undefined) {
      this.child.kill("SIGKILL");
      await this.#ended;
    }
  }
}

/** Runs a command to its end; fails with its output if it does. */
export function run(command, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: environment });
    let output = "";
    child.stdout.on("data", (chunk) => (output += chunk));
    child.stderr.on("data", (chunk) => (output += chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args[0] ?? ""} ended with ${code}:\n${output}`));
    });
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
