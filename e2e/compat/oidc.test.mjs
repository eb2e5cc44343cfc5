// The npm client signs in at a real OpenID Connect server (npm's `oidc-provider`, which is certified), start to end, with
// Plinths of its own:
//   PLINTH_BINARY=target/debug/plinth node --test oidc.test.mjs
// With PLINTH_DATABASE_URL, two of them share the database behind HAProxy, and the window of the sign-in reaches the other one.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, test } from "node:test";
import { EventSource } from "eventsource";
import { Provider } from "oidc-provider";
import PocketBase from "pocketbase";
import { required } from "./lib/env.mjs";
import { run, startPlinth } from "./lib/servers.mjs";

const binary = resolve(required("PLINTH_BINARY"));
const databaseUrl = process.env.PLINTH_DATABASE_URL;
const credentials = { email: "root@example.com", password: "correct horse" };
const settings = { PLINTH_OUTBOUND_ALLOW: '["127.0.0.1"]' };
globalThis.EventSource = EventSource;

describe("OpenID Connect", () => {
  test("a person signs up, signs in again, and is linked", async (t) => {
    const plinth = await startPlinth(binary, credentials, undefined, settings);
    t.after(() => plinth.stop());
    await story(t, plinth.url);
  });

  test("the window comes back through another replica", { skip: !databaseUrl && "an embedded database has one" }, async (t) => {
    const database = await freshDatabase(t);
    const replicas = [];
    for (let count = 0; count < 2; count += 1) {
      const plinth = await startPlinth(binary, credentials, database, settings);
      t.after(() => plinth.stop());
      replicas.push(plinth.url);
    }
    await story(t, await balance(t, replicas));
  });
});

/** What a person does who has an account at the company's server. */
async function story(t, url) {
  const company = await startProvider(t, `${url}/api/oauth2-redirect`);
  const root = new PocketBase(url);
  root.autoCancellation(false);
  await root.collection("_superusers").authWithPassword(credentials.email, credentials.password);
  const provider = {
    name: "oidc",
    displayName: "Company",
    clientId: company.client.client_id,
    clientSecret: company.client.client_secret,
    extra: { issuer: company.issuer },
  };
  await root.collections.update("users", { oauth2: { enabled: true, providers: [provider] } });

  const signIn = async (name, client = new PocketBase(url)) => {
    const pages = [];
    const opened = [];
    const urlCallback = (address) => {
      opened.push(signInAt(address, name).then((end) => pages.push(end)));
    };
    const body = { provider: "oidc", urlCallback };
    const { record, meta } = await client.collection("users").authWithOAuth2(body);
    await Promise.all(opened);
    return { record, meta, client, page: pages[0] };
  };

  const first = await signIn("ann");
  assert.equal(first.record.email, "ann@example.com");
  assert.equal(first.record.verified, true);
  assert.equal(first.meta.isNew, true);
  assert.equal(first.meta.rawUser.preferred_username, "ann");
  assert.equal(first.page, `${url}/_/#/auth/oauth2-redirect-success`);
  assert.equal((await first.client.collection("users").authRefresh()).record.id, first.record.id);

  const again = await signIn("ann");
  assert.equal(again.record.id, first.record.id);
  assert.equal(again.meta.isNew, false);

  // Somebody who has a password links the account that they have at the company.
  const password = "correct horse";
  await root.collection("users").create({ email: "b@example.com", password, passwordConfirm: password });
  const client = new PocketBase(url);
  const bob = await client.collection("users").authWithPassword("b@example.com", password);
  const linked = await signIn("bob", client);
  assert.equal(linked.record.id, bob.record.id);
  assert.equal((await signIn("bob")).record.id, bob.record.id);
  const links = await linked.client.collection("_externalAuths").getFullList();
  assert.deepEqual(links.map(({ provider, providerId }) => [provider, providerId]), [["oidc", "bob"]]);
}

/** A server of a company whose people are who they say. */
async function startProvider(t, redirectUrl) {
  const server = http.createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = { ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: "company" };
  const client = {
    client_id: "plinth",
    client_secret: randomBytes(16).toString("hex"),
    redirect_uris: [redirectUrl],
    grant_types: ["authorization_code"],
    response_types: ["code"],
    id_token_signed_response_alg: "ES256",
  };
  const provider = new Provider(issuer, {
    clients: [client],
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    pkce: { methods: ["S256"], required: () => true },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: true,
        name: id,
        preferred_username: id,
      }),
    }),
  });
  server.on("request", provider.callback());
  return { issuer, client };
}

/** Does what a person does in a browser: follows redirects, and sends the forms of the two pages. Gives the last address. */
async function signInAt(address, name) {
  const cookies = new Map();
  let next = { url: address };
  for (let step = 0; step < 20; step += 1) {
    const { url, form } = next;
    const answer = await fetch(url, {
      method: form ? "POST" : "GET",
      body: form && new URLSearchParams(form),
      redirect: "manual",
      headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, key, value] = /^([^=]+)=([^;]*)/.exec(cookie);
      cookies.set(key, value);
    }
    const location = answer.headers.get("location");
    if (location) {
      const to = new URL(location, url);
      if (to.hash) return to.href;
      next = { url: to.href };
      continue;
    }
    const page = await answer.text();
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    assert.ok(prompt, `${answer.status} of ${url}: ${page.slice(0, 500)}`);
    next = { url, form: { prompt, login: name, password: "x" } };
  }
  throw new Error("the sign-in does not end");
}

/** A database that is removed after the test. */
async function freshDatabase(t) {
  const url = new URL(databaseUrl);
  const name = `oidc_${process.pid}`;
  url.pathname = "/postgres";
  const psql = (statement) => run("psql", ["-q", url.href, "-v", "ON_ERROR_STOP=1", "-c", statement]);
  await psql(`CREATE DATABASE ${name}`);
  t.after(() => psql(`DROP DATABASE ${name} WITH (FORCE)`));
  const own = new URL(databaseUrl);
  own.pathname = `/${name}`;
  return own.href;
}

/** HAProxy in front of two replicas: streams go to the first one, and windows come back through the second one. */
async function balance(t, [one, two]) {
  const home = await mkdtemp(join(tmpdir(), "compat-haproxy-"));
  const probe = net.createServer();
  await new Promise((done) => probe.listen(0, "127.0.0.1", done));
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  const at = (url) => new URL(url).host;
  const config = `defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend all
  bind 127.0.0.1:${port}
  use_backend one if { method GET } { path /api/realtime }
  use_backend two if { path /api/oauth2-redirect }
  default_backend both
backend one
  server one ${at(one)}
backend two
  server two ${at(two)}
backend both
  balance roundrobin
  server one ${at(one)}
  server two ${at(two)}
`;
  const path = join(home, "haproxy.cfg");
  await writeFile(path, config);
  const child = spawn("haproxy", ["-f", path], { stdio: "inherit" });
  const ended = new Promise((done) => child.once("exit", done));
  t.after(async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(home, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(`${url}/api/health`).catch(() => undefined);
    if (answer?.ok) return url;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("HAProxy does not answer");
}
