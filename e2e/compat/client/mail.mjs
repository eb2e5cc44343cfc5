import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { guest, member, PASSWORD, Sandbox, superuser } from "../lib/fixture.mjs";
import { invalid, refused } from "../lib/expect.mjs";
import { required } from "../lib/env.mjs";
import { mailsIn, mailTo } from "../lib/mailbox.mjs";

const directory = required("PLINTH_MAILBOX");
const NEW = "another horse";

describe("mail", () => {
  let sandbox;
  let name;
  let accounts;
  before(async () => {
    sandbox = new Sandbox(await superuser());
    const made = await sandbox.people("people", ["mia", "max", "moe"]);
    name = made.collection.name;
    accounts = guest().collection(name);
  });
  after(() => sandbox.clean());

  /** The token in the newest mail's link. */
  async function token(address, kind) {
    const { text } = await mailTo(directory, address, `/auth/confirm-${kind}/`);
    return new RegExp(`/_/#/auth/confirm-${kind}/([\\w.-]+)`).exec(text)[1];
  }

  test("a forgotten password is chosen anew", async () => {
    const before = await member(name, "mia@example.com");
    assert.equal(await accounts.requestPasswordReset("mia@example.com"), true);
    const reset = await token("mia@example.com", "password-reset");
    await invalid({ passwordConfirm: "values_mismatch" }, accounts.confirmPasswordReset(reset, NEW, "x"));
    await invalid({ token: "invalid_token" }, accounts.confirmPasswordReset(`${reset}x`, NEW, NEW));
    assert.equal(await accounts.confirmPasswordReset(reset, NEW, NEW), true);
    await refused(400, member(name, "mia@example.com", PASSWORD));
    const mia = await member(name, "mia@example.com", NEW);
    assert.equal(mia.authStore.record.verified, true);
    await refused(401, before.collection(name).authRefresh());
    await invalid({ token: "invalid_token" }, accounts.confirmPasswordReset(reset, NEW, NEW));
  });

  test("an address is verified", async () => {
    const max = await member(name, "max@example.com");
    assert.equal(await max.collection(name).requestVerification("max@example.com"), true);
    const verification = await token("max@example.com", "verification");
    await invalid({ token: "invalid_token" }, accounts.confirmPasswordReset(verification, NEW, NEW));
    // The client marks the record that it holds.
    assert.equal(await max.collection(name).confirmVerification(verification), true);
    assert.equal(max.authStore.record.verified, true);
    assert.equal((await member(name, "max@example.com")).authStore.record.verified, true);
  });

  test("nobody learns who has an account", async () => {
    for (const request of ["requestPasswordReset", "requestVerification"]) {
      assert.equal(await accounts[request]("moe@example.com"), true);
      assert.equal(await accounts[request]("nobody@example.com"), true);
      await invalid({ email: "is_email" }, accounts[request]("moe"));
      await invalid({ email: "required" }, accounts[request](""));
    }
    await token("moe@example.com", "password-reset");
    await token("moe@example.com", "verification");
    const mails = await mailsIn(directory);
    assert.ok(!mails.some(({ to }) => to.includes("nobody@example.com")));
  });

  test("who asks again at once gets one mail", async () => {
    const { collection } = await sandbox.people("eager", ["eve"]);
    const eager = guest().collection(collection.name);
    await Promise.all(Array.from({ length: 10 }, () => eager.requestPasswordReset("eve@example.com")));
    await token("eve@example.com", "password-reset");
    await eager.requestVerification("eve@example.com");
    await token("eve@example.com", "verification");
    const mails = (await mailsIn(directory)).filter(({ to }) => to.includes("eve@example.com"));
    assert.equal(mails.length, 2);
  });
});
