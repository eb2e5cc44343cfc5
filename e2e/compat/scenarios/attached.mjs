// What is kept of accounts beside them, and superusers who act as others.
import { bool, collection, id, open, record, signIn, text } from "./shapes.mjs";

const secret = "12345678";
const people = collection("people", [text("nick"), bool("staff")], { type: "auth", ...open });
const account = (nick) => ({ as: "root", send: "POST /api/collections/people/records", body: { id: id(nick), nick,
  email: `${nick}@example.com`, password: secret, passwordConfirm: secret } });
const owner = { collectionRef: "{{people.id}}", recordRef: id("ann") };
const kept = {
  _mfas: { method: "otp" },
  _otps: { password: "123456", sentTo: "ann@example.com" },
  _externalAuths: { provider: "google", providerId: "1" },
  _authOrigins: { fingerprint: "f" },
};
const path = (name, key = "") => `/api/collections/${name}/records${key && `/${key}`}`;
const make = (name, body, options = {}) => ({ as: "root", send: `POST ${path(name)}`, body, ...options });
const key = (name) => id(name.slice(1).toLowerCase());
const impersonate = (nick, body, options = {}) => ({ as: "root",
  send: `POST /api/collections/people/impersonate/${id(nick)}`, body, ...options });

export default [
  {
    name: "attached: definitions",
    steps: Object.keys(kept).flatMap((name) => [
      { as: "root", send: `GET /api/collections/${name}` },
      { send: `GET /api/collections/${name}` },
      { as: "root", send: `DELETE /api/collections/${name}` },
      { as: "root", send: `PATCH /api/collections/${name}`, body: { listRule: "" } },
      { as: "root", send: `PATCH /api/collections/${name}`, body: { name: "mine" } },
    ]),
  },
  {
    name: "attached: what is refused",
    steps: [
      people,
      account("ann"),
      ...Object.entries(kept).flatMap(([name, body]) => [
        make(name, {}),
        make(name, owner),
        make(name, { ...owner, ...body, collectionRef: "nope" }),
        make(name, { ...owner, ...body, collectionRef: "people" }),
        make(name, { ...owner, ...body, recordRef: "nope" }),
        make(name, { ...owner, ...body }, { as: "guest" }),
        make(name, { id: key(name), ...owner, ...body }),
        make(name, { ...owner, ...body, id: key(`${name}2`) }, { name: `another of ${name}` }),
        { as: "root", send: `PATCH ${path(name, key(name))}`, body: { recordRef: "nope" } },
        { as: "root", send: `PATCH ${path(name, key(name))}`, body: { collectionRef: "" } },
        { as: "root", send: `PATCH ${path(name, key(name))}`, body: {} },
        { as: "root", send: `DELETE ${path(name, key(name))}` },
      ]),
      make("_externalAuths", { ...owner, provider: "nope", providerId: "1" }),
      make("_externalAuths", { ...owner, provider: "oidc3", providerId: "1", id: id("oidc") }),
    ],
  },
  {
    name: "attached: who sees them",
    steps: [
      people,
      account("ann"),
      account("bob"),
      signIn("people", "ann@example.com", secret, "ann"),
      signIn("people", "bob@example.com", secret, "bob"),
      ...Object.entries(kept).map(([name, body]) => make(name, { id: key(name), ...owner, ...body })),
      ...Object.keys(kept).flatMap((name) => ["guest", "bob", "ann", "root"].flatMap((as) => [
        { as, send: `GET ${path(name)}?filter=id='${key(name)}'` },
        { as, send: `GET ${path(name, key(name))}` },
        { as, send: `PATCH ${path(name, key(name))}`, body: {} },
      ])),
      ...Object.keys(kept).flatMap((name) => ["guest", "bob", "ann"].map((as) => (
        { as, send: `DELETE ${path(name, key(name))}` }))),
    ],
  },
  {
    name: "attached: what goes with a password, and with an account",
    steps: [
      people,
      account("ann"),
      ...Object.entries(kept).map(([name, body]) => make(name, { id: key(name), ...owner, ...body })),
      { as: "root", send: `PATCH ${path("people", id("ann"))}`, body: { nick: "Ann" } },
      ...Object.keys(kept).map((name) => ({ as: "root", send: `GET ${path(name, key(name))}` })),
      { as: "root", send: `PATCH ${path("people", id("ann"))}`,
        body: { password: "123456789", passwordConfirm: "123456789" } },
      ...Object.keys(kept).map((name) => ({ as: "root", send: `GET ${path(name, key(name))}` })),
      { as: "root", send: `DELETE ${path("people", id("ann"))}` },
      ...Object.keys(kept).map((name) => ({ as: "root", send: `GET ${path(name, key(name))}` })),
      account("bob"),
      make("_mfas", { id: id("bobs"), ...owner, recordRef: id("bob"), method: "otp" }),
      { as: "root", send: "DELETE /api/collections/people" },
      { as: "root", send: `GET ${path("_mfas", id("bobs"))}` },
    ],
  },
  {
    name: "impersonation",
    steps: [
      people,
      account("ann"),
      collection("plain", [text("title")], open),
      record("plain", { title: "a" }),
      signIn("people", "ann@example.com", secret, "signed"),
      ...[undefined, {}, { duration: 0 }, { duration: null }, { duration: 100 }, { duration: -5 }, { duration: "100" },
        { duration: 1.5 }, { duration: true }, { duration: 1e9 }, [], "x"].map((body) => impersonate("ann", body,
        { name: `impersonate with ${JSON.stringify(body)}` })),
      impersonate("ann", undefined, { raw: "{", name: "impersonate with broken JSON" }),
      impersonate("ann", { duration: 1000 }, { save: "ann" }),
      { as: "ann", send: "GET /api/collections/people/records" },
      { as: "ann", send: "POST /api/collections/people/auth-refresh" },
      { as: "ann", send: "GET /api/collections" },
      impersonate("ann", {}, { as: "ann" }),
      impersonate("ann", {}, { as: "signed" }),
      impersonate("ann", {}, { as: "guest" }),
      impersonate("nobody", {}),
      { as: "root", send: `POST /api/collections/people/impersonate/${id("ann")}?fields=record.id,record.email` },
      { as: "root", send: `POST /api/collections/plain/impersonate/${id("ann")}` },
      { as: "root", send: `POST /api/collections/missing/impersonate/${id("ann")}` },
      { send: `POST /api/collections/missing/impersonate/${id("ann")}` },
      { as: "root", send: `GET /api/collections/people/impersonate/${id("ann")}` },
      { as: "root", send: "PATCH /api/collections/people", body: { authRule: "staff = true" } },
      impersonate("ann", { duration: 1000 }, { save: "locked" }),
      { as: "locked", send: "POST /api/collections/people/auth-refresh" },
      { as: "locked", send: "GET /api/collections/people/records" },
    ],
  },
];
