// Plays a scenario against several servers at once: each step is sent to all of them before the next one.
//
// A scenario is `{ name, steps }`, a step `{ as, send, body, raw, headers, save, name }`:
//   send     "METHOD /path"
//   as       who: "guest" (the default), "root" (the superuser) or the name under which a sign-in was saved
//   body     sent as JSON; `raw` is sent as it is
//   save     keeps the answer's JSON under this name; `{{name.key.0}}` in later steps takes a value from it
//            (of any type, where the hole is the whole string)
import { json, send } from "./http.mjs";

const HOLE = /\{\{([\w.]+)\}\}/g;

/** A server under test, with what the scenario has saved of its answers. */
export class Player {
  constructor(name, base, credentials) {
    this.name = name;
    this.base = base;
    this.credentials = credentials;
    this.saved = {};
  }

  async signIn() {
    const path = "/api/collections/_superusers/auth-with-password";
    const { email, password } = this.credentials;
    const answer = await this.json("POST", path, { identity: email, password });
    if (!answer.token) throw new Error(`${this.name}: the superuser cannot sign in: ${JSON.stringify(answer)}`);
    this.root = answer;
  }

  /** Forgets what was saved, so that scenarios do not depend on each other. */
  restart() {
    this.saved = { root: this.root };
  }

  async play(step) {
    const [method, path] = splitOnce(this.#fill(step.send), " ");
    const headers = { ...this.#fill(step.headers ?? {}) };
    if (step.as && step.as !== "guest") headers.Authorization ??= this.#fill(`{{${step.as}.token}}`);
    let body;
    if (step.raw !== undefined) body = this.#fill(step.raw);
    else if (step.body !== undefined) body = JSON.stringify(this.#fill(step.body));
    if (body !== undefined) headers["Content-Type"] ??= "application/json";
    const answer = await send(this.base, { method, path, headers, body });
    if (step.save) this.saved[step.save] = answer.status < 300 ? json(answer) : undefined;
    return answer;
  }

  /** Deletes every collection that was not there before; references make some go only after others. */
  async removeCollectionsExcept(kept) {
    for (let left = Infinity; ;) {
      const extra = (await this.collections()).filter(({ id }) => !kept.has(id));
      if (extra.length === 0) return;
      if (extra.length === left) throw new Error(`${this.name}: cannot delete ${extra.map((c) => c.name)}`);
      left = extra.length;
      for (const { id } of extra) await this.json("DELETE", `/api/collections/${id}`);
    }
  }

  async collections() {
    const list = await this.json("GET", "/api/collections?perPage=1000&fields=id,name");
    if (!list?.items) throw new Error(`${this.name} does not list its collections: ${JSON.stringify(list)}`);
    return list.items;
  }

  async json(method, path, body) {
    const headers = { "Content-Type": "application/json" };
    if (this.root) headers.Authorization = this.root.token;
    return json(await send(this.base, { method, path, headers, body: body && JSON.stringify(body) }));
  }

  #fill(value) {
    if (typeof value === "string") return this.#fillText(value);
    if (Array.isArray(value)) return value.map((item) => this.#fill(item));
    if (typeof value === "object" && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.#fillText(key), this.#fill(item)]));
    }
    return value;
  }

  #fillText(text) {
    const [whole, path] = /^\{\{([\w.]+)\}\}$/.exec(text) ?? [];
    return whole ? this.#value(path) : text.replace(HOLE, (_, inner) => this.#value(inner));
  }

  #value(path) {
    const value = path.split(".").reduce((at, key) => at?.[key], this.saved);
    if (value === undefined) throw new Error(`no "${path}" from an earlier answer`);
    return value;
  }
}

function splitOnce(text, separator) {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
