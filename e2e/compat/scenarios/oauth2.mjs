import { collection, open, text } from "./shapes.mjs";

const service = (name, more = {}) => ({ name, clientId: "client", clientSecret: "secret", ...more });
// Nobody listens there.
const nowhere = { tokenURL: "http://127.0.0.1:65535/token", pkce: false };
const people = (providers, more = {}) => collection("people", [text("nick")],
  { type: "auth", ...open, oauth2: { enabled: true, providers, ...more } });
const change = (oauth2, name) => ({ as: "root", send: "PATCH /api/collections/people", name, body: { oauth2 } });
const view = { as: "root", send: "GET /api/collections/people?fields=oauth2" };
const methods = { send: "GET /api/collections/people/auth-methods?fields=oauth2.enabled,oauth2.providers.name,"
  + "oauth2.providers.displayName,oauth2.providers.codeChallengeMethod,authProviders.name" };
const signIn = (body, path = "people") => ({ send: `POST /api/collections/${path}/auth-with-oauth2`, body });
const apple = (body) => ({ as: "root", send: "POST /api/settings/apple/generate-client-secret", body });

export default [
  {
    name: "oauth2: services of a definition",
    steps: [
      people([service("google"), service("gitlab", { displayName: "Ours", pkce: false })]),
      view,
      methods,
      change({ providers: [] }),
      change({ providers: [service("google"), service("github"), service("google")] }, "one twice"),
      change({ providers: [{}, { name: "nonsense" }, { name: "google" }, service("oidc", { authURL: "x y" })] }, "bad ones"),
      change({ providers: [service("google", { clientSecret: "" })] }, "no secret"),
      change({ enabled: false, providers: [{ name: "nonsense" }] }, "bad ones that are off"),
      methods,
      change({ enabled: true, providers: [service("oidc3", { extra: { issuers: ["x"] } })] }),
      change({ providers: "x" }),
      change({ providers: [5] }),
      change({ mappedFields: { id: "nick", name: "missing", username: "", avatarURL: "email" } }, "mapped fields"),
      change({ mappedFields: null }, "no mapped fields"),
      view,
    ],
  },
  {
    name: "oauth2: forms of sign-ins",
    steps: [
      people([service("google"), service("gitlab", nowhere)]),
      collection("things", [text("title")], open),
      signIn({}, "missing"),
      signIn({}, "things"),
      signIn({}, "users"),
      signIn({}),
      signIn({ provider: "google" }),
      signIn({ code: "x" }),
      signIn({ provider: "github", code: "x" }),
      signIn({ provider: "x".repeat(101), code: "x" }),
      signIn({ provider: 5, code: "x" }),
      signIn({ provider: "gitlab", code: "x", createData: "x" }),
      signIn({ provider: "gitlab", code: "x", redirectURL: "https://example.org" }),
      { send: "POST /api/collections/people/auth-with-oauth2", raw: "{" },
      { send: "GET /api/collections/people/auth-with-oauth2" },
    ],
  },
  {
    name: "oauth2: redirects that nobody waits for",
    steps: [
      { send: "GET /api/oauth2-redirect" },
      { send: "GET /api/oauth2-redirect?state=nobody&code=x" },
      { send: "POST /api/oauth2-redirect", body: { state: "nobody", code: "x" } },
      { send: "POST /api/oauth2-redirect", raw: "{" },
    ],
  },
  {
    name: "oauth2: apple's client secret",
    steps: [
      { send: "POST /api/settings/apple/generate-client-secret", body: {} },
      apple({}),
      apple({ clientId: "x", teamId: "short", keyId: "x".repeat(11), privateKey: "x", duration: -1 }),
      apple({ clientId: "x", teamId: "x".repeat(10), keyId: "x".repeat(10), privateKey: "x", duration: 15777001 }),
    ],
  },
];
