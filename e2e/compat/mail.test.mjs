// Plinth and mail servers of every kind: with and without TLS, a sign-in, and in a bad mood. Starts Plinths of its own:
//   PLINTH_BINARY=target/debug/plinth node --test mail.test.mjs
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import PocketBase from "pocketbase";
import { required } from "./lib/env.mjs";
import { mailsIn, mailTo, startMailServer } from "./lib/mailbox.mjs";
import { run, startPlinth } from "./lib/servers.mjs";

const binary = resolve(required("PLINTH_BINARY"));
const credentials = { email: "root@example.com", password: "correct horse" };
const TRIED_WITHIN_MS = 30_000;

describe("mail servers", () => {
  let home;
  let tls;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), "compat-tls-"));
    tls = await certificate(home);
  });
  after(() => rm(home, { recursive: true, force: true }));

  /** Sends one mail from a Plinth with these settings to a server with those, and gives what became of it. */
  async function send(t, server, url, environment = {}) {
    const smtp = await startMailServer(server);
    t.after(() => smtp.stop());
    const env = { PLINTH_SMTP_URL: url(smtp.port), PLINTH_SMTP_TIMEOUT_SECONDS: "3", ...environment };
    const plinth = await startPlinth(binary, credentials, undefined, env);
    t.after(() => plinth.stop());
    const client = new PocketBase(plinth.url);
    client.autoCancellation(false);
    await client.collection("_superusers").authWithPassword(credentials.email, credentials.password);
    const body = { to: "ann@example.com", subject: "Grüße", html: "<p>Hello <b>Ann</b></p>", status: "waiting" };
    const { id } = await client.collection("_mails").create(body);
    const deadline = Date.now() + TRIED_WITHIN_MS;
    for (;;) {
      const mail = await client.collection("_mails").getOne(id);
      if (mail.status === "sent" || mail.error !== "") {
        const [received] = await mailsIn(smtp.directory);
        return { mail, received, smtp, log: await plinth.log() };
      }
      assert.ok(Date.now() < deadline, JSON.stringify(mail));
      await new Promise((done) => setTimeout(done, 100));
    }
  }

  const trusted = () => ({ SSL_CERT_FILE: tls.authority });
  const encrypted = () => ({ key: tls.key, cert: tls.cert });
  const signIn = {
    authOptional: false,
    onAuth({ username, password }, _, done) {
      if (username === "ann" && password === "p@ss word") done(null, { user: username });
      else done(Object.assign(new Error("wrong"), { responseCode: 535 }));
    },
  };

  test("without TLS", async (t) => {
    const { mail, received, smtp } = await send(t, {}, (port) => `smtp://127.0.0.1:${port}`);
    assert.equal(mail.status, "sent", mail.error);
    assert.deepEqual([received.to, received.secure], [["ann@example.com"], false]);
    assert.match(received.text, /Hello Ann/, "plain");
    assert.match(received.text, /<b>Ann<\/b>/, "HTML");
    assert.equal((await mailTo(smtp.directory, "ann@example.com")).raw, received.raw);
  });

  test("STARTTLS and a sign-in", async (t) => {
    const url = (port) => `smtp://ann:p%40ss%20word@127.0.0.1:${port}?tls=required`;
    const { mail, received, log } = await send(t, { ...encrypted(), ...signIn }, url, trusted());
    assert.equal(mail.status, "sent", mail.error);
    assert.deepEqual([received.secure, received.user], [true, "ann"]);
    assert.ok(!log.includes("p@ss") && !log.includes("p%40ss"));
  });

  test("TLS from the start", async (t) => {
    const url = (port) => `smtps://127.0.0.1:${port}`;
    const { mail, received } = await send(t, { ...encrypted(), secure: true }, url, trusted());
    assert.equal(mail.status, "sent", mail.error);
    assert.equal(received.secure, true);
  });

  for (const [name, scheme, parameter, secure] of [
    ["STARTTLS", "smtp", "?tls=required", false],
    ["opportunistic TLS", "smtp", "?tls=opportunistic", false],
    ["TLS", "smtps", "", true],
  ]) {
    test(`${name} with a certificate that nobody vouches for`, async (t) => {
      const url = (port) => `${scheme}://127.0.0.1:${port}${parameter}`;
      const { mail, received } = await send(t, { ...encrypted(), secure }, url);
      assert.match(mail.error, /certificate/);
      assert.deepEqual([mail.status, received], ["waiting", undefined]);
    });
  }

  test("TLS is asked for and not there", async (t) => {
    const url = (port) => `smtp://127.0.0.1:${port}?tls=required`;
    const { mail, received } = await send(t, {}, url);
    assert.match(mail.error, /STARTTLS/i);
    assert.deepEqual([mail.status, received], ["waiting", undefined]);
  });

  test("a wrong password is not the mail's fault", async (t) => {
    const url = (port) => `smtp://ann:hunter2@127.0.0.1:${port}?tls=required`;
    const { mail, received, log } = await send(t, { ...encrypted(), ...signIn }, url, trusted());
    assert.match(mail.error, /535/);
    assert.deepEqual([mail.status, received], ["waiting", undefined]);
    assert.ok(!log.includes("hunter2") && !mail.error.includes("hunter2"));
  });

  test("refused for good", async (t) => {
    const onRcptTo = (_, __, done) => done(Object.assign(new Error("no such mailbox"), { responseCode: 550 }));
    const { mail, received } = await send(t, { onRcptTo }, (port) => `smtp://127.0.0.1:${port}`);
    assert.match(mail.error, /no such mailbox/);
    assert.deepEqual([mail.status, received], ["failed", undefined]);
  });

  test("refused for now", async (t) => {
    const onMailFrom = (_, __, done) => done(Object.assign(new Error("greylisted"), { responseCode: 451 }));
    const { mail, received } = await send(t, { onMailFrom }, (port) => `smtp://127.0.0.1:${port}`);
    assert.match(mail.error, /greylisted/);
    assert.deepEqual([mail.status, received], ["waiting", undefined]);
    assert.ok(Date.parse(mail.notBefore) > Date.parse(mail.updated));
  });

  test("says nothing", async (t) => {
    const onConnect = () => {};
    const { mail, received } = await send(t, { onConnect }, (port) => `smtp://127.0.0.1:${port}`);
    assert.match(mail.error, /longer than 3 seconds/);
    assert.deepEqual([mail.status, received], ["waiting", undefined]);
  });
});

/** A certificate for loopback, and the authority that vouches for it. */
async function certificate(home) {
  const at = (name) => join(home, name);
  const fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const authority = ["req", "-x509", ...fresh, "-subj", "/CN=test authority"];
  await run("openssl", [...authority, "-keyout", at("ca.key"), "-out", at("ca.pem")]);
  const leaf = ["req", "-x509", ...fresh, "-subj", "/CN=mail", "-CA", at("ca.pem"), "-CAkey", at("ca.key")];
  const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
  await run("openssl", [...leaf, ...names, "-keyout", at("mail.key"), "-out", at("mail.pem")]);
  return { authority: at("ca.pem"), key: await readFile(at("mail.key")), cert: await readFile(at("mail.pem")) };
}
