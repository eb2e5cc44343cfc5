// What the kernel says about a process (Linux).
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"]));

/** Processor time used so far, in all threads, in milliseconds. */
export async function cpuMilliseconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name in parentheses may hold spaces; fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system] = [fields[11], fields[12]].map(Number);
  return ((user + system) / TICKS_PER_SECOND) * 1000;
}

/** Resident memory now and at its peak, in megabytes. */
export async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const megabytes = (key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(status)[1]) / 1024;
  return { now: megabytes("VmRSS"), peak: megabytes("VmHWM") };
}
