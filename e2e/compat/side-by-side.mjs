// Sends the same requests to Plinth and to PocketBase and compares the answers.
//
//   PLINTH_URL=… POCKETBASE_URL=… PLINTH_EMAIL=… PLINTH_PASSWORD=… node side-by-side.mjs
//     [--only REGEX]   scenarios whose name matches
//     [--show]         print PocketBase's answers as well
//     [--all]          print every failing request, not just the first of each scenario
//     [--self-check]   both URLs are PocketBase: no difference is expected, listed or not
import { parseArgs } from "node:util";
import { compare, Ids } from "./lib/compare.mjs";
import { Player } from "./lib/player.mjs";
import { Differences } from "./lib/differences.mjs";
import { scenarios } from "./scenarios/index.mjs";
import { required } from "./lib/env.mjs";

const { values: flags } = parseArgs({
  options: {
    only: { type: "string" },
    show: { type: "boolean" },
    all: { type: "boolean" },
    "self-check": { type: "boolean" },
  },
});
const SHOWN_FAILURES = flags.all ? Infinity : 20;
const credentials = { email: required("PLINTH_EMAIL"), password: required("PLINTH_PASSWORD") };
const plinth = new Player("Plinth", required("PLINTH_URL"), credentials);
const pocketbase = new Player("PocketBase", required("POCKETBASE_URL"), credentials);
const differences = new Differences(flags["self-check"] ? [] : undefined);
const ids = new Ids();
const total = { requests: 0, equal: 0, listed: 0, failed: 0 };

const players = [plinth, pocketbase];

await Promise.all(players.map((player) => player.signIn()));
ids.same(plinth.root.record.id, pocketbase.root.record.id);
const chosen = scenarios.filter(({ name }) => !flags.only || new RegExp(flags.only).test(name));
for (const scenario of chosen) await playScenario(scenario);
if (!flags.only) reportStale();
const { requests, equal, listed, failed } = total;
console.log(`side by side: ${requests} requests, ${equal} equal, ${listed} with listed differences, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function playScenario(scenario) {
  if (flags.show) console.log(`# ${scenario.name}`);
  const failures = [];
  const before = await onBoth(failures, "list of collections", (player) => player.collections());
  if (!before) return tell(scenario, failures);
  const kept = new Map(before.map(([player, list]) => [player, new Set(list.map(({ id }) => id))]));
  players.forEach((player) => player.restart());
  for (const [index, step] of scenario.steps.entries()) {
    const label = step.name ?? `${index + 1}. ${step.as ?? "guest"} ${step.send}`;
    failures.push(...(await playStep(scenario, step, label)));
  }
  await onBoth(failures, "clean-up", (player) => player.removeCollectionsExcept(kept.get(player)));
  return tell(scenario, failures);
}

/** What each player's `act` gives; or nothing, and a failure, if one of them throws. */
async function onBoth(failures, what, act) {
  const results = await Promise.allSettled(players.map(async (player) => [player, await act(player)]));
  const broken = results.find(({ reason }) => reason);
  if (!broken) return results.map(({ value }) => value);
  total.failed += 1;
  failures.push(`  ${what}: ${broken.reason.message}`);
  return undefined;
}

function tell(scenario, failures) {
  console.log(`${failures.length ? "not ok" : "ok"} ${scenario.name} (${scenario.steps.length})`);
  if (failures.length) console.log(failures.slice(0, SHOWN_FAILURES).join("\n"));
  const more = failures.length - SHOWN_FAILURES;
  if (more > 0) console.log(`  … and ${more} more (--all shows them)`);
}

async function playStep(scenario, step, label) {
  total.requests += 1;
  const answers = await Promise.allSettled(players.map((player) => player.play(step)));
  const broken = answers.map(({ reason }) => reason);
  if (flags.show) show(label, step, answers[1]);
  if (broken.some(Boolean)) {
    total.failed += 1;
    const who = players
      .filter((_, i) => broken[i])
      .map(({ name }) => name)
      .join(" and ");
    const { message } = broken.find(Boolean);
    return [`  ${label}\n    not answered by ${who}: ${message}`];
  }
  const all = compare(answers[0].value, answers[1].value, ids);
  const unlisted = all.filter(({ path }) => !differences.allows(scenario.name, label, path));
  if (unlisted.length === 0) {
    total[all.length ? "listed" : "equal"] += 1;
    return [];
  }
  total.failed += 1;
  const lines = unlisted.map(
    ({ path, plinth: left, pocketbase: right }) =>
      `    ${path}\n      Plinth:     ${text(left)}\n      PocketBase: ${text(right)}`,
  );
  const body = step.raw ?? JSON.stringify(step.body);
  return [[`  ${label}${body ? `\n    with ${body.slice(0, 300)}` : ""}`, ...lines].join("\n")];
}

function show(label, step, { value }) {
  const body = step.raw ?? JSON.stringify(step.body);
  console.log(`> ${label}${body ? ` ${body}` : ""}\n< ${value?.status} ${value?.text.trim()}`);
}

function reportStale() {
  for (const { reason, ...where } of differences.unused()) {
    total.failed += 1;
    console.log(`not ok listed difference no longer occurs: ${JSON.stringify(where)} (${reason})`);
  }
}

function text(value) {
  return value === undefined ? "(absent)" : JSON.stringify(value).slice(0, 500);
}
