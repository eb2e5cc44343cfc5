import listed from "../differences.mjs";

/** The table of intended differences, remembering which of them occurred. */
export class Differences {
  #entries;
  #used = new Set();

  constructor(entries = listed, engine = process.env.PLINTH_ENGINE ?? "sqlite") {
    this.#entries = entries.filter((entry) => (entry.engine ?? engine) === engine);
  }

  allows(scenario, step, path) {
    const matching = this.#entries.filter(
      (entry) => scenario.startsWith(entry.scenario) && step.includes(entry.step ?? "") && path.startsWith(entry.path),
    );
    matching.forEach((entry) => this.#used.add(entry));
    return matching.length > 0;
  }

  unused() {
    return this.#entries.filter((entry) => !this.#used.has(entry));
  }
}
