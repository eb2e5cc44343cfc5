import { bool, collection, id, list, number, open, record, relation, signIn, text } from "./shapes.mjs";

const people = [
  collection("people", [text("nick"), bool("staff")], { type: "auth", ...open }),
  ...["ann", "bob"].map((nick) => record("people", { id: id(nick), nick, staff: nick === "bob",
    email: `${nick}@example.com`, password: "12345678", passwordConfirm: "12345678" })),
  ...["ann", "bob"].map((nick) => signIn("people", `${nick}@example.com`, "12345678", nick)),
];

/** What each caller gets from each action on a collection with the same rule everywhere. */
function everybody(rule) {
  const rules = { listRule: rule, viewRule: rule, createRule: rule, updateRule: rule, deleteRule: rule };
  return {
    name: `rules: ${JSON.stringify(rule)}`,
    steps: [
      ...people,
      collection("notes", [text("title"), relation("owner", "{{people.id}}"), bool("public"), number("n")], rules),
      ...["guest", "ann", "bob", "root"].flatMap((as) => [
        { as: "root", send: "DELETE /api/collections/notes/truncate" },
        record("notes", { id: id("mine"), title: "mine", owner: id("ann"), n: 1 }),
        record("notes", { id: id("other"), title: "other", owner: id("bob"), public: true, n: 2 }),
        list("notes", { sort: "id" }, { as }),
        list("notes", { sort: "id", filter: "n > 0 || n < 0", fields: "id" }, { as }),
        ...["mine", "other", "missing"].flatMap((word) => [
          { as, send: `GET /api/collections/notes/records/${id(word)}` },
          { as, send: `PATCH /api/collections/notes/records/${id(word)}`, body: { n: 5 } },
          { as, send: `DELETE /api/collections/notes/records/${id(word)}` },
        ]),
        { as, send: "POST /api/collections/notes/records", body: { title: "new", owner: id("ann") } },
        { as, send: "POST /api/collections/notes/records", body: { title: "new", owner: "missing" } },
        { as, send: "POST /api/collections/notes/records", body: { title: 5, public: true } },
      ]),
    ],
  };
}

export default [
  ...[
    null,
    "",
    "@request.auth.id != ''",
    "owner = @request.auth.id",
    "public = true || owner.nick = @request.auth.nick",
    "@request.auth.staff = true",
    "@request.auth.collectionName = 'people' && @request.auth.verified = false",
    "@collection.people.nick ?= title || @collection.people.id ?= owner",
  ].map(everybody),
  {
    name: "rules: hidden fields",
    steps: [
      ...people,
      collection("notes", [text("title"), text("secret", { hidden: true }), text("code", { hidden: true,
        required: true })], { ...open, listRule: "secret != 'x'" }),
      record("notes", { id: id("one"), title: "t", secret: "s", code: "c" }),
      ...["guest", "ann", "root"].flatMap((as) => [
        { as, send: `GET /api/collections/notes/records/${id("one")}` },
        { as, send: `GET /api/collections/notes/records/${id("one")}?fields=*,secret` },
        { as, send: `PATCH /api/collections/notes/records/${id("one")}`, body: { title: as, secret: as, code: "" } },
        { as, send: "POST /api/collections/notes/records", body: { title: as, secret: as, code: as } },
        list("notes", { filter: "secret = 's'", fields: "title" }, { as }),
        list("notes", { sort: "secret", fields: "title" }, { as }),
        list("notes", { sort: "title" }, { as }),
      ]),
    ],
  },
];
