// From samples to medians, and from medians to Markdown.
const NAMES = { get: "get one", list: "list 30, no total", total: "list 30 with total", create: "create" };

/** Medians and ranges by workload and server, and the ratio of the medians. */
export function summarise(workloads, samples) {
  return workloads.map(({ kind, connections }) => {
    const of = (server) => {
      const own = samples.filter((s) => s.server === server && s.kind === kind && s.connections === connections);
      const figures = (key) => own.map((sample) => sample[key]).sort((a, b) => a - b);
      const perSecond = figures("perSecond");
      return {
        perSecond: median(perSecond),
        lowest: perSecond[0],
        highest: perSecond.at(-1),
        p50: median(figures("p50")),
        p99: median(figures("p99")),
        cpu: median(figures("cpu")),
      };
    };
    const [plinth, pocketbase] = [of("plinth"), of("pocketbase")];
    return { kind, connections, plinth, pocketbase, ratio: plinth.perSecond / pocketbase.perSecond };
  });
}

/** The Markdown report. */
export function report({ seconds, rounds, rows, cpus, cpu, engine, memory, workloads }) {
  const lines = workloads.map(({ kind, connections, plinth, pocketbase, ratio }) =>
    row([
      NAMES[kind],
      connections,
      rate(plinth),
      latency(plinth),
      plinth.cpu.toFixed(3),
      rate(pocketbase),
      latency(pocketbase),
      pocketbase.cpu.toFixed(3),
      `${ratio.toFixed(2)} ×`,
    ]),
  );
  const megabytes = ({ idle, after, peak }) => [idle, after, peak].map((value) => value.toFixed(0));
  return [
    `Plinth (${engine}) beside PocketBase: ${cpus} × ${cpu}, ${rows} rows, ${rounds} rounds of ${seconds} s, \`wrk -t1\` on the same machine, keep-alive.`,
    "Requests per second are medians (lowest–highest), latencies medians of p50 / p99 in ms, CPU in ms per request.",
    "PocketBase's request log is off (`logs.maxDays: 0`); it commits with `synchronous=NORMAL`. All answers were 2xx.",
    "",
    row(["workload", "c", "Plinth req/s", "p50 / p99", "CPU", "PocketBase req/s", "p50 / p99", "CPU", "ratio"]),
    row(["---", "--:", "--:", "--:", "--:", "--:", "--:", "--:", "--:"]),
    ...lines,
    "",
    row(["memory, MB", "idle", "after", "peak"]),
    row(["---", "--:", "--:", "--:"]),
    row(["Plinth", ...megabytes(memory.plinth)]),
    row(["PocketBase", ...megabytes(memory.pocketbase)]),
  ].join("\n");
}

function median(sorted) {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function rate({ perSecond, lowest, highest }) {
  return `${perSecond.toFixed(0)} (${lowest.toFixed(0)}–${highest.toFixed(0)})`;
}

function latency({ p50, p99 }) {
  return `${p50.toFixed(2)} / ${p99.toFixed(2)}`;
}

function row(cells) {
  return `| ${cells.join(" | ")} |`;
}
