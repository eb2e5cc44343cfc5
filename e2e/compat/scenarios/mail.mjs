import { collection, id, open, text } from "./shapes.mjs";

const secret = "12345678";
const people = (options = {}) => collection("people", [text("nick")], { type: "auth", ...open, ...options });
const ann = { id: id("ann"), email: "ann@example.com", password: secret, passwordConfirm: secret };
const post = (path, body, options = {}) => ({ send: `POST /api/collections/${path}`, body,
  name: `${path} ${JSON.stringify(body ?? options.raw ?? "").slice(0, 160)}`, ...options });
const long = (length) => `${"a".repeat(length - 5)}@b.co`;

const requests = (path) => [
  ...[
    {}, { email: "" }, { email: null }, { email: "x" }, { email: 5 }, { email: [] }, { email: ["ann@example.com"] },
    { email: {} }, { email: true }, { email: "nobody@example.com" }, { email: "ann@example.com" },
    { email: "ann@example.com" }, { email: "ANN@example.com" }, { email: " ann@example.com" }, { email: "a@b" },
    { email: "a@b.co\r\nBcc: c@d.co" }, { email: "a@b.co\u0000" }, { email: "Ann <ann@example.com>" },
    { email: long(255) }, { email: long(256) }, { Email: "ann@example.com" }, { email: "ann@example.com", x: 1 },
  ].map((body) => post(path, body)),
  ...["", "null", "[]", '"x"', "5", "{", '{"email":"ann@example.com"'].map((raw) => post(path, undefined, { raw })),
  post(path, { email: "ann@example.com" }, { as: "root", name: "as a superuser" }),
  { send: `GET /api/collections/${path}` },
  { send: `PUT /api/collections/${path}`, body: { email: "ann@example.com" } },
];

// Signed with nobody's key: {"alg":"HS256","typ":"JWT"} . claims . zeros
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const forged = (claims) => `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}.${"A".repeat(43)}`;
const claims = { collectionId: "_pb_users_auth_", email: "ann@example.com", exp: 4102444800, id: id("ann") };
const tokens = ["", "x", "a.b.c", "..", 5, null, [], {}, forged({}), forged({ ...claims, type: "passwordReset" }),
  forged({ ...claims, type: "verification" }), forged({ ...claims, type: "auth" }),
  forged({ ...claims, type: "nonsense" }), forged({ ...claims, type: "verification", email: "" }),
  forged({ ...claims, type: "verification", email: 5 }),
  forged({ ...claims, type: "verification", collectionId: "missing" })];

const passwords = [
  {}, { password: "" }, { password: secret }, { password: secret, passwordConfirm: "x" },
  { password: "short", passwordConfirm: "short" }, { password: "short", passwordConfirm: "other" },
  { password: "éééé", passwordConfirm: "éééé" }, { password: "x".repeat(255), passwordConfirm: "x".repeat(255) },
  { password: "x".repeat(256), passwordConfirm: "x".repeat(256) }, { password: 12345678, passwordConfirm: 12345678 },
  { password: null, passwordConfirm: null }, { passwordConfirm: secret },
];

export default [
  { name: "mail: ask for a password reset",
    steps: [people(), post("people/records", ann), ...requests("people/request-password-reset")] },
  { name: "mail: ask for a verification",
    steps: [people(), post("people/records", ann), ...requests("people/request-verification")] },
  {
    name: "mail: confirm a password reset",
    steps: [
      people(),
      ...tokens.map((token) => post("people/confirm-password-reset", { token, password: secret,
        passwordConfirm: secret })),
      ...passwords.map((body) => post("people/confirm-password-reset", { token: "x", ...body })),
      ...passwords.map((body) => post("people/confirm-password-reset", body)),
      ...["", "null", "[]", "{"].map((raw) => post("people/confirm-password-reset", undefined, { raw })),
      post("people/confirm-password-reset", { token: "{{root.token}}", password: secret, passwordConfirm: secret },
        { name: "the token of a sign-in" }),
    ],
  },
  {
    name: "mail: confirm a verification",
    steps: [
      people(),
      ...tokens.map((token) => post("people/confirm-verification", { token })),
      ...["", "null", "[]", "{"].map((raw) => post("people/confirm-verification", undefined, { raw })),
      post("people/confirm-verification", { token: "{{root.token}}" }, { name: "the token of a sign-in" }),
    ],
  },
  {
    name: "mail: where there is nothing to do by it",
    steps: [
      people({ passwordAuth: { enabled: false } }),
      collection("plain", [text("t")]),
      ...["missing", "plain", "people", "_superusers"].flatMap((name) =>
        ["request-password-reset", "confirm-password-reset", "request-verification", "confirm-verification"].flatMap(
          (what) => [post(`${name}/${what}`, {}), post(`${name}/${what}`, { email: "nobody@example.com" }),
            post(`${name}/${what}`, undefined, { raw: "[" })])),
    ],
  },
  {
    name: "mail: the password's own options",
    steps: [
      collection("people", [{ name: "password", type: "password", min: 3, max: 20, pattern: "^[a-z]+$" }],
        { type: "auth", ...open }),
      ...["ab", "abc", "ABC", "a".repeat(21)].map((password) => post("people/confirm-password-reset",
        { token: "x", password, passwordConfirm: password })),
    ],
  },
];
