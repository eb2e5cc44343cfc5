// One-time passwords, second factors, changes of the address, and where accounts have signed in from.
import { collection, id, open, text } from "./shapes.mjs";

const secret = "12345678";
const people = (options = {}) => collection("people", [text("nick")], { type: "auth", ...open, ...options });
const account = (nick, options = {}) => ({ as: "root", send: "POST /api/collections/people/records", body: { id: id(nick), nick,
  email: `${nick}@example.com`, password: secret, passwordConfirm: secret, verified: true, ...options } });
const post = (path, body, options = {}) => ({ send: `POST /api/collections/people/${path}`, body,
  name: `${path} ${JSON.stringify(body ?? options.raw ?? "").slice(0, 160)}`, ...options });
const make = (name, word, nick, body) => ({ as: "root", send: `POST /api/collections/${name}/records`,
  body: { id: id(word), collectionRef: "{{people.id}}", recordRef: id(nick), ...body } });
const code = (word, nick, body = {}) => make("_otps", word, nick, { password: "1234", ...body });
const factor = (word, nick, method) => make("_mfas", word, nick, { method });
const withPassword = (nick, more = {}, options = {}) => post("auth-with-password", { identity: `${nick}@example.com`, password: secret, ...more }, options);
const withCode = (word, more = {}, options = {}) => post("auth-with-otp", { otpId: id(word), password: "1234", ...more }, options);
const patch = (body) => ({ as: "root", send: "PATCH /api/collections/people", body });
const see = (name, word) => ({ as: "root", send: `GET /api/collections/${name}/records/${id(word)}` });

const otp = { enabled: true, duration: 600, length: 6 };
const mfa = { enabled: true, duration: 600, rule: "" };
const raws = ["", "null", "[]", '"x"', "{"];

export default [
  {
    name: "factors: settings",
    steps: [
      people(),
      ...[
        { mfa }, { otp: { enabled: true, duration: 9 } }, { otp: { enabled: true, duration: 86401 } },
        { otp: { enabled: true, duration: 10, length: 3 } }, { otp: { enabled: true, duration: 0, length: 0 } },
        { otp: { enabled: false, duration: 9, length: 3 } }, { otp, mfa: { enabled: true, duration: 9 } },
        { otp, mfa: { enabled: true, duration: 86401 } }, { otp, mfa: { ...mfa, rule: "verified = true" } },
        { mfa: { enabled: false, rule: "" } }, { otp: { emailTemplate: { subject: "", body: "" } } },
      ].map((body) => ({ ...patch(body), send: "PATCH /api/collections/people?fields=otp.enabled,otp.duration,otp.length,mfa" })),
    ],
  },
  {
    name: "factors: ask for a one-time password",
    steps: [
      people(),
      account("ann"),
      post("request-otp", { email: "ann@example.com" }),
      patch({ otp }),
      ...[{}, { email: "" }, { email: null }, { email: "x" }, { email: 5 }, { email: "ann@example.com" }, { email: "nobody@example.com" },
        { email: `${"a".repeat(250)}@b.co` }].map((body) => post("request-otp", body)),
      ...raws.map((raw) => post("request-otp", undefined, { raw })),
      post("request-otp?fields=nope", { email: "ann@example.com" }),
      { send: "GET /api/collections/people/request-otp" },
      { send: "POST /api/collections/missing/request-otp", body: { email: "ann@example.com" } },
      { send: "POST /api/collections/_mfas/request-otp", body: { email: "ann@example.com" } },
    ],
  },
  {
    name: "factors: one-time passwords",
    steps: [
      people(),
      account("ann"),
      account("dan"),
      code("off", "ann"),
      withCode("off"),
      patch({ otp }),
      ...[{}, { otpId: "", password: "" }, { otpId: id("one") }, { password: "1234" }, { otpId: 5, password: true },
        { otpId: "a".repeat(256), password: "b".repeat(72) }].map((body) => post("auth-with-otp", body)),
      ...raws.map((raw) => post("auth-with-otp", undefined, { raw })),
      withCode("missing"),
      code("one", "ann", { sentTo: "ann@example.com" }),
      withCode("one", { password: "4321" }),
      withCode("one"),
      withCode("one"),
      see("_otps", "one"),
      withPassword("ann", {}, { save: "ann" }),
      { as: "ann", send: "POST /api/collections/people/auth-refresh" },
      code("two", "dan"),
      ...[1, 2, 3, 4, 5, 6].map((n) => withCode("two", { password: `${n}${n}${n}${n}` })),
      withCode("two"),
      { send: "GET /api/collections/people/auth-methods?fields=password,mfa,otp" },
    ],
  },
  {
    name: "factors: two of them",
    steps: [
      people({ otp, mfa }),
      account("ann"),
      account("bob"),
      withPassword("ann"),
      withPassword("ann", { mfaId: "" }),
      withPassword("ann", { mfaId: null }),
      withPassword("ann", { mfaId: "missing" }),
      withPassword("ann", { mfaId: 5 }),
      withPassword("ann", { mfaId: {} }),
      withPassword("ann", { password: "wrong", mfaId: "missing" }),
      factor("same", "ann", "password"),
      withPassword("ann", { mfaId: id("same") }),
      withPassword("bob", { mfaId: id("same") }),
      factor("other", "ann", "otp"),
      withPassword("bob", { mfaId: id("other") }),
      withPassword("ann", { mfaId: id("other") }, { save: "ann" }),
      see("_mfas", "other"),
      withPassword("ann", { mfaId: id("other") }),
      factor("query", "ann", "otp"),
      post(`auth-with-password?mfaId=${id("query")}`, { identity: "ann@example.com", password: secret, mfaId: "missing" }),
      code("code", "bob"),
      withCode("code"),
      factor("second", "bob", "password"),
      code("code2", "bob"),
      withCode("code2", { mfaId: id("second") }),
      { as: "ann", send: "POST /api/collections/people/auth-refresh" },
      { as: "root", send: `POST /api/collections/people/impersonate/${id("bob")}` },
      factor("gone", "ann", "otp"),
      { as: "root", send: `PATCH /api/collections/people/records/${id("ann")}`, body: { password: secret, passwordConfirm: secret } },
      withPassword("ann", { mfaId: id("gone") }),
      patch({ mfa: { rule: "nick = 'ann'" } }),
      withPassword("bob"),
      withPassword("ann"),
      patch({ authRule: "nick = 'bob'" }),
      withPassword("ann"),
      withPassword("bob"),
    ],
  },
  {
    name: "factors: a change of the address",
    steps: [
      people(),
      account("ann"),
      account("bob"),
      withPassword("ann", {}, { save: "ann" }),
      ...[{}, { newEmail: "" }, { newEmail: null }, { newEmail: "x" }, { newEmail: 5 }, { newEmail: "ann@example.com" },
        { newEmail: "bob@example.com" }, { newEmail: `${"a".repeat(260)}@b.co` }]
        .map((body) => post("request-email-change", body, { as: "ann" })),
      ...raws.map((raw) => post("request-email-change", undefined, { raw, as: "ann" })),
      post("request-email-change", { newEmail: "new@example.com" }),
      post("request-email-change", { newEmail: "new@example.com" }, { as: "root", name: "as a superuser" }),
      ...["_superusers", "users", "missing", "_mfas"].flatMap((name) => ["guest", "ann", "root"].map((as) => (
        { as, send: `POST /api/collections/${name}/request-email-change`, body: { newEmail: "new@example.com" } }))),
      ...[{}, { token: "", password: "" }, { token: "x" }, { token: "x", password: secret }, { token: "x", password: "a".repeat(101) },
        { token: "{{ann.token}}", password: secret }, { token: 5 }].map((body) => post("confirm-email-change", body)),
      ...raws.map((raw) => post("confirm-email-change", undefined, { raw })),
      ...["_superusers", "missing", "_mfas"].map((name) => ({ send: `POST /api/collections/${name}/confirm-email-change`, body: {} })),
    ],
  },
  {
    name: "factors: places",
    steps: [
      people(),
      account("ann"),
      ...["1", "2", "3", "4", "5", "1", "6", "1"].flatMap((browser) => [
        withPassword("ann", {}, { headers: { "User-Agent": browser }, save: "ann" }),
        { as: "root", send: `GET /api/collections/_authOrigins/records?filter=recordRef='${id("ann")}'&fields=fingerprint,recordRef` },
      ]),
      { as: "ann", send: "POST /api/collections/people/auth-refresh" },
      { as: "ann", send: "GET /api/collections/_authOrigins/records?fields=fingerprint" },
      { as: "root", send: `PATCH /api/collections/people/records/${id("ann")}`, body: { password: secret, passwordConfirm: secret } },
      { as: "root", send: `GET /api/collections/_authOrigins/records?filter=recordRef='${id("ann")}'` },
      patch({ authAlert: { enabled: false } }),
      withPassword("ann"),
      { as: "root", send: `GET /api/collections/_authOrigins/records?filter=recordRef='${id("ann")}'` },
    ],
  },
];
