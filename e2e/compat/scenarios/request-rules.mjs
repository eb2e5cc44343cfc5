import { bool, collection, id, json, list, number, open, record, relation, select, signIn, text } from "./shapes.mjs";

const fields = [text("title"), number("n"), bool("b"), select("kinds", { values: ["a", "b", "c"], maxSelect: 3 }),
  json("data"), relation("group", "{{groups.id}}")];

const groups = [
  collection("groups", [text("name"), bool("open")], open),
  record("groups", { id: id("public"), name: "public", open: true }),
  record("groups", { id: id("private"), name: "private", open: false }),
];

const bodies = [
  {}, { title: "a" }, { title: "" }, { title: null }, { title: "A", n: 5 }, { n: 0 }, { n: "5" }, { "n+": 2 },
    { b: true }, { b: "true" }, { kinds: ["a"] }, { kinds: ["a", "b"] }, { "kinds+": "c" }, { kinds: "a" },
  { data: { x: 1 } }, { data: '{"x":1}' }, { group: id("public") }, { group: id("private") }, { group: "missing" },
    { unknown: 1 },
];

/** Creates and updates with each body against one rule. */
function against(rule) {
  return {
    name: `request rules: ${rule}`,
    steps: [
      ...groups,
      collection("items", fields, { ...open, createRule: rule, updateRule: rule }),
      ...bodies.flatMap((body) => [
        { send: "POST /api/collections/items/records", body, name: `create ${JSON.stringify(body)}` },
        { as: "root", send: "DELETE /api/collections/items/truncate" },
        record("items", { id: id("item"), title: "a", n: 5, kinds: ["a", "b"], data: { x: 2 }, group: id("public") }),
        { send: `PATCH /api/collections/items/records/${id("item")}`, body, name: `update ${JSON.stringify(body)}` },
      ]),
    ],
  };
}

export default [
  ...[
    "@request.body.title:isset = true",
    "@request.body.title:isset = false && @request.body.title = ''",
    "@request.body.title:changed = false && @request.body.n:changed = false",
    "@request.body.title:changed = true || @request.body.kinds:changed = true",
    "@request.body.title = title",
    "@request.body.title:lower = 'a'",
    "@request.body.n > 4",
    "n > 4",
    "@request.body.kinds:length = 2",
    "@request.body.kinds:each ~ 'a'",
    "kinds:each ?= 'c'",
    "@request.body.data.x = 1",
    "@request.body.group.open = true",
    "group.open = true",
    "@request.body.unknown = 1",
    "@request.body.unknown:isset = true",
    "@request.body.b = true",
    "id != '' && @request.body.id = ''",
  ].map(against),
  {
    name: "request rules: query, headers, method, context",
    steps: [
      collection("notes", [text("title")], { ...open,
        listRule: "@request.query.key = 'k' || @request.headers.x_api_key = 'h' || @request.method = 'HEAD'",
        viewRule: "@request.context = 'default' && @request.method = 'GET'" }),
      record("notes", { id: id("one"), title: "t" }),
      list("notes", {}, { as: "guest" }),
      list("notes", { key: "k" }, { as: "guest" }),
      list("notes", { KEY: "k" }, { as: "guest" }),
      list("notes", {}, { as: "guest", headers: { "X-Api-Key": "h" }, name: "with the header" }),
      list("notes", {}, { as: "guest", headers: { "X-Api-Key": "H" }, name: "with another header" }),
      { send: `GET /api/collections/notes/records/${id("one")}` },
      { as: "root", send: "PATCH /api/collections/notes",
        body: { listRule: "@request.query.key:isset = true && @request.headers.x_nope:isset = false" } },
      list("notes", {}, { as: "guest" }),
      list("notes", { key: "" }, { as: "guest" }),
    ],
  },
  {
    name: "request rules: the caller's own record",
    steps: [
      ...groups,
      collection("people", [text("nick"), relation("groups", "{{groups.id}}", { maxSelect: 3 }), json("data")],
        { type: "auth", ...open }),
      record("people", { id: id("ann"), nick: "ann", groups: [id("public"), id("private")], data: { level: 3 },
        email: "ann@example.com", password: "12345678", passwordConfirm: "12345678" }),
      signIn("people", "ann@example.com", "12345678", "ann"),
      collection("notes", [text("title"), relation("group", "{{groups.id}}"), number("level")], open),
      record("notes", { id: id("n1"), title: "ann", group: id("public"), level: 2 }),
      record("notes", { id: id("n2"), title: "bob", group: id("private"), level: 5 }),
      record("notes", { id: id("n3"), title: "", level: 0 }),
      ...[
        "@request.auth.nick = title", "@request.auth.groups ~ group", "@request.auth.groups.id ?= group",
        "@request.auth.groups.id = group", "@request.auth.groups.open ?= true", "@request.auth.groups.open = true",
        "@request.auth.groups:length = 2", "@request.auth.groups:each ?= group", "@request.auth.data.level > level",
        "@request.auth.email != ''", "@request.auth.password != ''", "@request.auth.tokenKey != ''",
        "@request.auth.missing = ''", "@request.auth.missing != ''", "@request.auth.notes_via_group.id != ''",
        "@request.auth.collectionId != ''", "@request.auth.emailVisibility = false",
        "group.notes_via_group.title ?= @request.auth.nick",
      ].flatMap((rule) => [
        { as: "root", send: "PATCH /api/collections/notes", body: { listRule: rule }, name: `set ${rule}` },
        ...["guest", "ann", "root"].map((as) => list("notes", { sort: "id", fields: "id" }, { as })),
      ]),
    ],
  },
];
