// What the client's tests share: a superuser's client, and collections under names that no other run uses.
import PocketBase from "pocketbase";
import { required } from "./env.mjs";

const base = required("PLINTH_URL");
const credentials = [required("PLINTH_EMAIL"), required("PLINTH_PASSWORD")];
const run = Math.random().toString(36).slice(2, 8);

/** Rules that let everybody in. */
export const open = { listRule: "", viewRule: "", createRule: "", updateRule: "", deleteRule: "" };
export const PASSWORD = "correct horse";

/** A client that is not signed in. */
export function guest() {
  const client = new PocketBase(base);
  client.autoCancellation(false);
  return client;
}

/** A client signed in as the superuser. */
export async function superuser() {
  const client = guest();
  await client.collection("_superusers").authWithPassword(...credentials);
  return client;
}

/** A client signed in to an auth collection. */
export async function member(collection, email, password = PASSWORD) {
  const client = guest();
  await client.collection(collection).authWithPassword(email, password);
  return client;
}

/** Makes collections for one test file or test, and removes them afterwards. */
export class Sandbox {
  #made = [];

  constructor(root) {
    this.root = root;
  }

  /** The name of a collection in this run. */
  name(word) {
    return `c_${run}_${word}`;
  }

  async collection(word, fields, options = {}) {
    const body = { name: this.name(word), type: "base", ...open, ...options, fields };
    const made = await this.root.collections.create(body);
    this.#made.unshift(made.id);
    return made;
  }

  /** An auth collection; `nicks` become accounts `<nick>@example.com`. */
  async people(word, nicks, options = {}) {
    const made = await this.collection(
      word,
      [
        { type: "text", name: "nick" },
        { type: "bool", name: "staff" },
      ],
      { type: "auth", ...options },
    );
    const accounts = {};
    for (const nick of nicks) {
      accounts[nick] = await this.root
        .collection(made.name)
        .create({ nick, email: `${nick}@example.com`, password: PASSWORD, passwordConfirm: PASSWORD });
    }
    return { collection: made, accounts };
  }

  /** Also removes a collection that was made otherwise. */
  adopt(id) {
    this.#made.unshift(id);
  }

  async clean() {
    for (const id of this.#made.splice(0)) {
      await this.root.collections.delete(id).catch((error) => {
        if (error.status !== 404) throw error;
      });
    }
  }
}
