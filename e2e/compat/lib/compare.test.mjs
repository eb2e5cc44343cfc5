// A comparison that finds nothing proves nothing unless it would have found something.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, Ids } from "./compare.mjs";

const answer = (body, { status = 200, headers = {} } = {}) => ({ status, headers, text: `${JSON.stringify(body)}\n` });
const paths = (left, right, ids = new Ids()) => compare(left, right, ids).map(({ path }) => path);
const token = (claims) => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;
const inAnHour = Math.round(Date.now() / 1000) + 3600;

test("equal answers have no difference", () => {
  assert.deepEqual(paths(answer({ a: [1, null, "x"] }), answer({ a: [1, null, "x"] })), []);
});

test("statuses, values, missing keys and lengths differ", () => {
  const left = answer({ a: 1, b: { c: "x" }, d: [1], e: null }, { status: 201 });
  const right = answer({ a: "1", b: { c: "y" }, d: [1, 2], f: null });
  assert.deepEqual(paths(left, right), ["status", "body.a", "body.b.c", "body.d.length", "body.f", "body.e"]);
});

test("the order of keys matters", () => {
  assert.deepEqual(paths(answer({ a: 1, b: 2 }), answer({ b: 2, a: 1 })), ["body key order"]);
});

test("headers differ, but not in the order of their words", () => {
  const left = answer({}, { headers: { vary: "Origin, Accept", "content-type": "application/json; charset=utf-8" } });
  const right = answer({}, { headers: { vary: "Accept, Origin", "content-type": "application/json" } });
  assert.deepEqual(paths(left, right), ["header content-type"]);
});

test("generated ids stand for each other, consistently", () => {
  const ids = new Ids();
  const [a, b, c, d] = ["a", "b", "c", "d"].map((letter) => letter.repeat(15));
  assert.deepEqual(paths(answer({ id: a }), answer({ id: b }), ids), []);
  assert.deepEqual(paths(answer({ ref: a, text: `see ${a}` }), answer({ ref: b, text: `see ${b}` }), ids), []);
  assert.deepEqual(paths(answer({ ref: a }), answer({ ref: d }), ids), ["body.ref"]);
  assert.deepEqual(paths(answer({ ref: c }), answer({ ref: b }), ids), ["body.ref"]);
});

test("times differ unless both are recent", () => {
  const time = (ms) => new Date(ms).toISOString().replace("T", " ");
  const now = Date.now();
  assert.deepEqual(paths(answer({ t: time(now) }), answer({ t: time(now - 500) })), []);
  assert.deepEqual(paths(answer({ t: time(now) }), answer({ t: "2020-01-01 00:00:00.000Z" })), ["body.t"]);
});

test("tokens are compared by their claims", () => {
  const claims = { id: "x", type: "auth", exp: inAnHour };
  assert.deepEqual(
    paths(answer({ token: token(claims) }), answer({ token: token({ ...claims, exp: inAnHour + 2 }) })),
    [],
  );
  assert.deepEqual(
    paths(answer({ token: token(claims) }), answer({ token: token({ ...claims, exp: inAnHour * 2 }) })),
    ["body.token claims.exp"],
  );
  assert.deepEqual(paths(answer({ token: token(claims) }), answer({ token: token({ ...claims, type: "file" }) })), [
    "body.token claims.type",
  ]);
});

test("what JSON hides: escapes and the newline at the end", () => {
  const plain = { ...answer({ t: "<" }), text: '{"t":"<"}' };
  const escaped = { ...answer({ t: "<" }), text: '{"t":"\\u003c"}\n' };
  assert.deepEqual(paths(plain, escaped), ["trailing newline", "raw <, > or &"]);
});
