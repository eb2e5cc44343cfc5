import { collection, open, record, text } from "./shapes.mjs";

const unknown = [
  "GET /api",
  "GET /api/",
  "GET /api/nothing",
  "GET /api/health/",
  "GET /api/collections/",
  "GET /api/collections/notes/",
  "GET /api/collections/notes/records/",
  "GET /api/collections/notes/nothing",
  "GET /api/collections/missing/records",
  "GET /api/collections/missing/records/x",
  "POST /api/collections/missing/records",
  "PATCH /api/collections/missing/records/x",
  "DELETE /api/collections/missing/records/x",
  "POST /api/health",
  "PUT /api/collections",
  "DELETE /api/collections",
  "POST /api/collections/import",
  "POST /api/collections/notes",
  "PUT /api/collections/notes/records",
  "PATCH /api/collections/notes/records",
  "DELETE /api/collections/notes/records",
  "POST /api/collections/notes/records/x",
  "PUT /api/collections/notes/records/x",
  "GET /api/collections/notes/truncate",
  "GET /api/collections/notes/auth-refresh",
  "POST /api/collections/meta/scaffolds",
  "OPTIONS /api/collections",
];

const bodies = [
  ["application/json", '{"title":"a"'],
  ["application/json", '{"title":"a"} trailing'],
  ["application/json", "[]"],
  ["application/json", '"text"'],
  ["application/json", "null"],
  ["application/json", ""],
  ["application/json", "   "],
  ["application/json", '{"title":"a","title":"b"}'],
  ["application/json; charset=utf-8", '{"title":"charset"}'],
  ["APPLICATION/JSON", '{"title":"upper"}'],
  ["text/plain", '{"title":"plain"}'],
  ["application/octet-stream", "x"],
  ["application/x-www-form-urlencoded", "title=form+text&count=5"],
  ["application/x-www-form-urlencoded", "title=a&title=b"],
  ["application/x-www-form-urlencoded", "%40jsonPayload=%7B%22title%22%3A%22payload%22%7D"],
];

export default [
  {
    name: "health",
    steps: [
      { send: "GET /api/health" },
      { send: "HEAD /api/health" },
      { as: "root", send: "GET /api/health?fields=code" },
      { send: "GET /api/health?fields=message,data" },
      { as: "root", send: "GET /api/health" },
      ...["X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "Fly-Client-IP", "Forwarded"].map((name) => (
        { as: "root", send: "GET /api/health", headers: { [name]: "203.0.113.7" }, name: `health by way of ${name}` })),
      { send: "GET /api/health", headers: { "CF-Connecting-IP": "203.0.113.7" } },
    ],
  },
  {
    name: "unknown routes and methods",
    steps: [
      collection("notes", [text("title")], open),
      ...unknown.flatMap((send) => [{ send }, { as: "root", send }]),
      { send: "HEAD /api/collections/notes/records" },
      { send: "HEAD /api/nothing" },
    ],
  },
  {
    name: "crons",
    steps: [
      { send: "GET /api/crons" },
      { as: "root", send: "GET /api/crons" },
      { as: "root", send: "GET /api/crons?fields=nothing" },
      { send: "POST /api/crons/missing" },
      { as: "root", send: "POST /api/crons/missing" },
      { as: "root", send: "GET /api/crons/missing" },
      { as: "root", send: "POST /api/crons" },
    ],
  },
  {
    name: "cors",
    steps: [
      { send: "GET /api/health", headers: { Origin: "http://app.example.com" } },
      { send: "GET /api/nothing", headers: { Origin: "http://app.example.com" } },
      {
        send: "OPTIONS /api/collections/users/records",
        headers: {
          Origin: "http://app.example.com",
          "Access-Control-Request-Method": "PATCH",
          "Access-Control-Request-Headers": "authorization,content-type",
        },
      },
      {
        send: "OPTIONS /api/nothing",
        headers: { Origin: "http://app.example.com", "Access-Control-Request-Method": "GET" },
      },
      { send: "OPTIONS /api/health", headers: { Origin: "http://app.example.com" } },
      { send: "OPTIONS /api/health", headers: { "Access-Control-Request-Method": "GET" } },
    ],
  },
  {
    name: "bodies",
    steps: [
      collection("notes", [text("title"), text("count")], open),
      ...bodies.map(([type, raw]) => ({
        name: `${type}: ${raw}`,
        send: "POST /api/collections/notes/records",
        headers: { "Content-Type": type },
        raw,
      })),
      { send: "POST /api/collections/notes/records", name: "no body at all" },
      record("notes", { title: "<b>&amp;\u2028</b> é 漢字 😀", unknown: 1, collectionId: "x", expand: { a: 1 } }),
    ],
  },
  {
    name: "tokens",
    steps: [
      { send: "GET /api/collections", headers: { Authorization: "{{root.token}}" } , name: "bare token" },
      { send: "GET /api/collections?fields=page", headers: { Authorization: "Bearer {{root.token}}" }, name: "Bearer" },
      { send: "GET /api/collections?fields=page", headers: { Authorization: "bearer {{root.token}}" }, name: "bearer" },
      { send: "GET /api/collections?fields=page", headers: { Authorization: "Basic {{root.token}}" }, name: "Basic" },
      { send: "GET /api/collections", headers: { Authorization: "garbage" }, name: "garbage" },
      { send: "GET /api/collections", headers: { Authorization: "{{root.token}}x" }, name: "bad signature" },
      { send: "GET /api/collections", name: "guest" },
      { send: "GET /api/health", headers: { Authorization: "garbage" }, name: "garbage on an open route" },
    ],
  },
];
