import { parts } from "./bodies.mjs";
import { collection, id, list, number, open, record, relation, text } from "./shapes.mjs";

const settings = (batch, name = `batch ${JSON.stringify(batch)}`) =>
  ({ as: "root", send: "PATCH /api/settings?fields=batch", body: { batch }, name });
const allowed = settings({ enabled: true, maxRequests: 50, timeout: 30, maxBodySize: 0 });
const forbidden = settings({ enabled: false, maxRequests: 50, timeout: 3, maxBodySize: 0 });
const things = collection("things", [text("title", { max: 10 }), number("n")], open);

const at = (method, path, body, more = {}) => ({ method, url: `/api/collections/${path}`, body, ...more });
const make = (body, query = "") => at("POST", `things/records${query}`, body);
const upsert = (body, query = "") => at("PUT", `things/records${query}`, body);
const change = (word, body) => at("PATCH", `things/records/${id(word)}`, body);
const remove = (word) => at("DELETE", `things/records/${id(word)}`);
const batch = (requests, options = {}) => ({ send: "POST /api/batch", body: { requests },
  name: `batch ${JSON.stringify(requests).slice(0, 150)}`, ...options });
const raw = (body, type = "application/json") => ({ send: "POST /api/batch", raw: body,
  headers: { "Content-Type": type }, name: `batch raw ${body.slice(0, 100)}` });

const bad = [
  [], null, "x", {}, ["x"], [{}], [{ method: "POST" }], [{ url: "/" }], [{ method: "post", url: "/" }],
  [{ method: "HEAD", url: "/" }], [{ method: "", url: "" }, make({}), { method: "X", url: "" }],
  [{ method: "POST", url: `/api/collections/things/records?a=${"x".repeat(2000)}` }],
  [at("POST", "things/records", "x")], [at("POST", "things/records", [])],
  [at("POST", "things/records", {}, { headers: { a: ["b"] } })], Array(51).fill(make({})),
];

const misplaced = [
  ["GET", "things/records"], ["PATCH", "things/records"], ["DELETE", "things/records"], ["POST", "things/records/"],
  ["POST", `things/records/${id("a")}`], ["PUT", `things/records/${id("a")}`], ["POST", "things"],
  ["DELETE", "things/truncate"], ["POST", "users/auth-with-password"], ["POST", "%74hings/records"],
  ["POST", "missing/records"], ["PUT", "missing/records"], ["PATCH", `missing/records/${id("a")}`],
  ["DELETE", `missing/records/${id("a")}`], ["POST", "things/records?fields=%zz"], ["POST", "_superusers/records"],
  ["POST", "THINGS/records"],
];

export default [
  {
    name: "batch: allowed by the settings",
    steps: [
      forbidden, things, batch([make({})]), batch([make({})], { as: "root" }), raw("{"),
      settings({ enabled: true, maxRequests: 0, timeout: 0 }), settings({ maxRequests: -1, timeout: -1, maxBodySize: -1 }),
      settings({ maxRequests: "x" }), settings("x"),
      settings({ enabled: true, maxRequests: 2, timeout: 30, maxBodySize: 400 }),
      batch([make({}), make({})]), batch([make({}), make({}), make({})]), batch([make({ title: "x".repeat(400) })]),
      forbidden, list("things"),
    ],
  },
  {
    name: "batch: changes",
    steps: [
      allowed, things,
      batch([make({ id: id("a"), title: "<a>" }), change("a", { "n+": 2 }), upsert({ id: id("b"), title: "new" }),
        upsert({ id: id("b"), n: 5 }), remove("a"), make({ id: id("a"), title: "again" })]),
      batch([upsert({ title: "no id" })]), batch([upsert({ id: "" })]), batch([upsert({ id: 5 })]),
      batch([upsert({ id: "short" })]), batch([upsert({ id: id("b") }, "?fields=id,n")]),
      batch([make({ title: "hello" }, "?fields=title:excerpt(2)")]), batch([make(null)]), batch([make({}, "?expand=x")]),
      batch([make({ title: "a" })], { send: "POST /api/batch?fields=status" }),
      batch([make({}), make({ title: "x".repeat(11) })]), batch([make({ id: id("a") })]),
      batch([make({ id: id("c") }), make({ id: id("c") })]), batch([make({ id: id("d") }), change("none", {})]),
      batch([make({ id: id("d") }), remove("none")]), batch([upsert({ id: id("a"), title: "x".repeat(11) })]),
      list("things", { sort: "title,id", fields: "title,n" }), forbidden,
    ],
  },
  {
    name: "batch: bad requests",
    steps: [
      allowed, things, ...bad.map((requests) => batch(requests)),
      ...misplaced.flatMap(([method, path]) => [batch([make({}), at(method, path, {})])]),
      batch([{ method: "POST", url: "/api/batch", body: {} }]), batch([{ method: "POST", url: "/api/health" }]),
      batch([{ method: "POST", url: "api/collections/things/records" }]), raw(""), raw("{"), raw("[]"), raw("null"),
      raw("x", "text/plain"), { send: "GET /api/batch" }, list("things"), forbidden,
    ],
  },
  {
    name: "batch: rules",
    steps: [
      allowed,
      collection("ruled", [text("title"), text("owner")], { listRule: "", viewRule: "",
        createRule: "@request.context = 'batch' && @request.method = 'POST' && @request.query.a = '1' && @request.headers.x_in = '2'",
        updateRule: "@request.context = 'batch' && @request.method = 'PATCH' && @request.body.title = 'b'",
        deleteRule: "@request.context = 'batch' && @request.method = 'DELETE'" }),
      collection("locked", [text("title")]),
      batch([at("POST", "ruled/records?a=1", { id: id("a") }, { headers: { "X-In": "2" } })]),
      batch([at("POST", "ruled/records?a=1", {})]), batch([at("POST", "ruled/records", {}, { headers: { "X-In": "2" } })]),
      batch([at("POST", "ruled/records?a=1", {})], { headers: { "X-In": "2" } }),
      batch([at("PUT", "ruled/records?a=1", { id: id("b"), title: "b" }, { headers: { x_in: "2" } })]),
      batch([at("PUT", "ruled/records", { id: id("b"), title: "b" })]),
      batch([at("PUT", "ruled/records", { id: id("b"), title: "c" })]),
      batch([at("PATCH", `ruled/records/${id("b")}`, { title: "c" })]),
      batch([at("DELETE", `ruled/records/${id("b")}`)]),
      ...["POST", "PUT"].flatMap((method) => ["guest", "root"].map((as) =>
        batch([at(method, "locked/records", {})], { as, name: `${as} ${method} locked` }))),
      batch([at("POST", "locked/records", {}, { headers: { Authorization: "{{root.token}}" } })]),
      list("ruled", { fields: "id,title" }), forbidden,
    ],
  },
  {
    name: "batch: relations",
    steps: [
      allowed, things, collection("links", [relation("thing", "{{things.id}}", { cascadeDelete: true })], open),
      batch([make({ id: id("a"), title: "a" }), at("POST", "links/records?expand=thing", { thing: id("a") }),
        at("POST", "links/records", { thing: id("none") })]),
      batch([make({ id: id("a"), title: "a" }), at("POST", "links/records?expand=thing", { thing: id("a") }), remove("a")]),
      list("links"), list("things"), forbidden,
    ],
  },
  {
    name: "batch: forms",
    steps: [
      allowed, things,
      ...[
        [["@jsonPayload", JSON.stringify({ requests: [make({ title: "001" }), make({ title: "b" })] })]],
        [["@jsonPayload", JSON.stringify({ requests: [make({ title: "a" })] })], ["requests.0.title", "x", "a.txt"],
          ["requests[0].title", "x", "a.txt"], ["requests.7.title", "x", "a.txt"], ["other", "x", "a.txt"]],
        [["requests", "[]"]],
        [["@jsonPayload", "{"]],
      ].map((form) => raw(parts(...form), "multipart/form-data; boundary=x")),
      raw(`@jsonPayload=${encodeURIComponent(JSON.stringify({ requests: [make({ title: "line" })] }))}`,
        "application/x-www-form-urlencoded"),
      list("things", { fields: "title" }), forbidden,
    ],
  },
];
