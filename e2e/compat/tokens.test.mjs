// npm's `jose` verifies the tokens that accounts get for other services, with the keys that the server publishes. A Plinth of its own:
//   PLINTH_BINARY=target/debug/plinth node --test tokens.test.mjs
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { createRemoteJWKSet, jwtVerify } from "jose";
import PocketBase from "pocketbase";
import { required } from "./lib/env.mjs";
import { startPlinth } from "./lib/servers.mjs";

const binary = resolve(required("PLINTH_BINARY"));
const credentials = { email: "root@example.com", password: "correct horse" };
const audience = "https://reports.example.org";

test("another service verifies who somebody is", async (t) => {
  const plinth = await startPlinth(binary, credentials);
  t.after(() => plinth.stop());
  const root = new PocketBase(plinth.url);
  await root.collection("_superusers").authWithPassword(credentials.email, credentials.password);
  await root.settings.update({ meta: { appURL: plinth.url } });
  await root.collections.update("users", { tokenAudiences: [audience] });
  const email = "ann@example.com";
  const password = "correct horse";
  const made = await root.collection("users").create({ email, password, passwordConfirm: password, verified: true });

  const ann = new PocketBase(plinth.url);
  await ann.collection("users").authWithPassword(email, password);
  const path = "/api/collections/users/auth-token";
  const { token } = await ann.send(path, { method: "POST", body: { audience, duration: 60 } });
  const keys = createRemoteJWKSet(new URL(`${plinth.url}/.well-known/jwks.json`));
  const expected = { issuer: plinth.url, audience, algorithms: ["ES256"] };
  const { payload } = await jwtVerify(token, keys, expected);
  assert.equal(payload.sub, made.id);
  assert.equal(payload.exp - payload.iat, 60);
  assert.deepEqual([payload.email, payload.email_verified, payload.collection.name], [email, true, "users"]);

  const refused = (given, changes, code) => assert.rejects(jwtVerify(given, keys, { ...expected, ...changes }), { code });
  await refused(token, { audience: "https://other.example.org" }, "ERR_JWT_CLAIM_VALIDATION_FAILED");
  await refused(token, { issuer: "https://other.example.org" }, "ERR_JWT_CLAIM_VALIDATION_FAILED");
  await refused(token, { currentDate: new Date(payload.exp * 1000) }, "ERR_JWT_EXPIRED");
  await refused(token, { algorithms: ["HS256"] }, "ERR_JOSE_ALG_NOT_ALLOWED");
  const [header, , signature] = token.split(".");
  const claims = Buffer.from(JSON.stringify({ ...payload, sub: "somebody0000000" })).toString("base64url");
  await refused([header, claims, signature].join("."), {}, "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
});
