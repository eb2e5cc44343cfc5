// Compares two answers to the same request, field by field.
//
// What each server makes up itself (ids, times, tokens) cannot be equal. It is not blanked out but unified: two
// generated ids are the same if they have stood for each other everywhere else, two times if both are recent, two
// tokens if their claims are the same.
import { json } from "./http.mjs";

const HEADERS = [
  "content-type",
  "x-content-type-options",
  "x-frame-options",
  "x-xss-protection",
  "vary",
  "access-control-allow-origin",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-allow-credentials",
  "access-control-max-age",
];
// What a file is served with.
const FILE_HEADERS = [
  "content-disposition",
  "content-security-policy",
  "content-length",
  "content-range",
  "cache-control",
  "accept-ranges",
];
// What is random in the name of a file.
const RANDOM_IN_NAME = /_[a-z0-9]{10}(?=[."\s]|$)/g;
const ID = /^[a-z0-9]{15}$/;
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z$/;
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;
// Default indexes of a collection that has no name yet, as the scaffolds have them.
const RANDOM_INDEX = /(?<=_)[a-z0-9]{10}(?=` ON ``)/;
// Fields of views, and the view of a dry run, which PocketBase names anew each time.
const PASSING = /^(_clone_\w{4}|temp_view_\w{5})$/;
const SAMPLE = /\.sample\[\d\]\.collectionId$/;
const TEMPLATE = /(Template|emailTemplate)\.(subject|body)$/;
// Scenarios write earlier times than this, servers write later ones.
const FIRST_MADE_UP_TIME = Date.parse("2025-01-01T00:00:00Z");
const EXPIRY_S = 60;

/** Which generated id of one server stands for which of the other. */
export class Ids {
  #forth = new Map();
  #back = new Map();

  same(left, right) {
    if (!this.#forth.has(left) && !this.#back.has(right)) {
      this.#forth.set(left, right);
      this.#back.set(right, left);
    }
    return this.#forth.get(left) === right && this.#back.get(right) === left;
  }

  /** The text with ids of the left server replaced by those of the right one. */
  translate(text) {
    return text.replace(/\b[a-z0-9]{15}\b/g, (id) => this.#forth.get(id) ?? id);
  }
}

/** All differences between the answers: `{ path, plinth, pocketbase }` each. */
export function compare(plinth, pocketbase, ids) {
  const found = [];
  const note = (path, left, right) => found.push({ path, plinth: left, pocketbase: right });
  if (plinth.status !== pocketbase.status) note("status", plinth.status, pocketbase.status);
  for (const name of HEADERS) {
    const [left, right] = [plinth.headers[name], pocketbase.headers[name]];
    if (headerWords(left) !== headerWords(right)) note(`header ${name}`, left, right);
  }
  const isFile = pocketbase.status < 300 && pocketbase.headers["content-disposition"];
  for (const name of isFile ? FILE_HEADERS : []) {
    const [left, right] = [plinth.headers[name], pocketbase.headers[name]];
    if (named(left) !== named(right)) note(`header ${name}`, left, right);
  }
  const [left, right] = [json(plinth), json(pocketbase)];
  if (left === undefined || right === undefined) {
    if (plinth.text !== pocketbase.text) note("text", plinth.text, pocketbase.text);
    return found;
  }
  diff("body", left, right, { ids, note });
  for (const [trait, has] of Object.entries(TRAITS)) {
    if (has(plinth.text) !== has(pocketbase.text)) note(trait, has(plinth.text), has(pocketbase.text));
  }
  return found;
}

// What JSON.parse hides.
const TRAITS = {
  "trailing newline": (text) => text.endsWith("\n"),
  "raw <, > or &": (text) => /[<>&]/.test(text),
};

// The order of the words of `Vary` and of the CORS lists means nothing.
function headerWords(value) {
  return value
    ?.toLowerCase()
    .split(/\s*,\s*/)
    .sort()
    .join(", ");
}

function named(text) {
  return text?.replace(RANDOM_IN_NAME, "_*");
}

function diff(path, left, right, seen) {
  if (isObject(left) && isObject(right)) return diffObjects(path, left, right, seen);
  if (Array.isArray(left) && Array.isArray(right)) return diffArrays(path, left, right, seen);
  if (left === right || sameMadeUp(path, left, right, seen)) return;
  seen.note(path, left, right);
}

function diffObjects(path, left, right, seen) {
  for (const key of new Set([...Object.keys(right), ...Object.keys(left)])) {
    diff(`${path}.${key}`, left[key], right[key], seen);
  }
  const common = (object, other) =>
    Object.keys(object)
      .filter((key) => key in other)
      .join(" ");
  const [mine, theirs] = [common(left, right), common(right, left)];
  if (mine !== theirs) seen.note(`${path} key order`, mine, theirs);
}

function diffArrays(path, left, right, seen) {
  const named = [...left, ...right].every((item) => isObject(item) && item.name && item.type);
  if (named) return diffNamed(path, left, right, seen);
  if (left.length !== right.length) seen.note(`${path}.length`, left.length, right.length);
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    diff(`${path}[${i}]`, left[i], right[i], seen);
  }
}

// Fields and collections are matched by name, so that a missing one is a single difference.
function diffNamed(path, left, right, seen) {
  const byName = (items) => Object.fromEntries(items.map((item) => [item.name, item]));
  diffObjects(path, byName(left), byName(right), seen);
}

function sameMadeUp(path, left, right, { ids, note }) {
  if (typeof left !== "string" || typeof right !== "string") return false;
  if (TEMPLATE.test(path) || SAMPLE.test(path) || (PASSING.test(left) && PASSING.test(right))) return true;
  if (TIME.test(left) && TIME.test(right)) return isMadeUp(left) && isMadeUp(right);
  if (ID.test(left) && ID.test(right)) return ids.same(left, right);
  if (TOKEN.test(left) && TOKEN.test(right)) {
    const [mine, theirs] = [claims(left), claims(right)];
    if (mine && theirs) {
      diff(`${path} claims`, mine, theirs, { ids, note });
      return true;
    }
  }
  if (named(left) === named(right)) return true;
  return ids.translate(left).replace(RANDOM_INDEX, "") === right.replace(RANDOM_INDEX, "");
}

function isMadeUp(time) {
  const then = Date.parse(time.replace(" ", "T"));
  return then >= FIRST_MADE_UP_TIME && then <= Date.now() + 60_000;
}

// The claims of a token, its expiry as the number of seconds left (which differs by the time between two answers).
function claims(token) {
  try {
    const decoded = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    const left = decoded.exp - Date.now() / 1000;
    const sorted = Object.fromEntries(Object.entries(decoded).sort(([a], [b]) => (a < b ? -1 : 1)));
    return { ...sorted, exp: Math.round(left / EXPIRY_S) };
  } catch {
    return undefined;
  }
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
