import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { guest, member, PASSWORD, Sandbox, superuser } from "../lib/fixture.mjs";
import { invalid, refused } from "../lib/expect.mjs";

describe("accounts", () => {
  let root;
  let sandbox;
  let name;
  let accounts;
  before(async () => {
    root = await superuser();
    sandbox = new Sandbox(root);
    const made = await sandbox.people("people", ["ann", "bob", "cyd"], { updateRule: "id = @request.auth.id" });
    name = made.collection.name;
    accounts = made.accounts;
  });
  after(() => sandbox.clean());

  test("there is a collection of users from the start", async () => {
    const users = await root.collections.getOne("users");
    assert.equal(users.id, "_pb_users_auth_");
    assert.equal(users.type, "auth");
    assert.equal(users.createRule, "");
    assert.equal(users.listRule, "id = @request.auth.id");
    assert.deepEqual(users.passwordAuth, { enabled: true, identityFields: ["email"] });
  });

  test("can be made by anyone whom the rule lets", async () => {
    const body = { email: "new@example.com", password: PASSWORD, passwordConfirm: PASSWORD };
    const made = await guest().collection(name).create(body);
    assert.equal(made.verified, false);
    assert.ok(!("password" in made) && !("tokenKey" in made));
    assert.ok(!("email" in made), "the address is not public");
    await invalid({ email: "not_unique" }, guest().collection(name).create(body));
    await invalid(
      { passwordConfirm: "values_mismatch" },
      guest()
        .collection(name)
        .create({ ...body, passwordConfirm: "x" }),
    );
    await invalid(
      { verified: "values_mismatch" },
      guest()
        .collection(name)
        .create({ ...body, verified: true }),
    );
  });

  test("sign in and refresh", async () => {
    const ann = await member(name, "ann@example.com");
    assert.ok(ann.authStore.isValid && !ann.authStore.isSuperuser);
    assert.equal(ann.authStore.record.email, "ann@example.com");
    const { token, record } = await ann.collection(name).authRefresh();
    assert.equal(record.id, accounts.ann.id);
    assert.equal(ann.authStore.token, token);
    ann.authStore.clear();
    await refused(401, ann.collection(name).authRefresh());
  });

  test("a wrong password and an unknown account look the same", async () => {
    const wrong = await refused(400, member(name, "ann@example.com", "wrong"));
    const unknown = await refused(400, member(name, "nobody@example.com"));
    assert.deepEqual(wrong.response, unknown.response);
  });

  test("say how one can sign in", async () => {
    const methods = await guest().collection(name).listAuthMethods();
    assert.deepEqual(methods.password, { identityFields: ["email"], enabled: true });
    assert.equal(methods.mfa.enabled, false);
    assert.deepEqual(methods.oauth2.providers, []);
  });

  test("the address is seen by the owner, a superuser, and all if it is visible", async () => {
    const seen = async (client, nick) => (await client.collection(name).getOne(accounts[nick].id)).email;
    const bob = await member(name, "bob@example.com");
    assert.equal(await seen(guest(), "bob"), undefined);
    assert.equal(await seen(bob, "bob"), "bob@example.com");
    assert.equal(await seen(bob, "ann"), undefined);
    assert.equal(await seen(root, "ann"), "ann@example.com");
    await bob.collection(name).update(accounts.bob.id, { emailVisibility: true });
    assert.equal(await seen(guest(), "bob"), "bob@example.com");
  });

  test("change their password with the old one, and all tokens are void", async () => {
    const cyd = await member(name, "cyd@example.com");
    const elsewhere = await member(name, "cyd@example.com");
    const change = (body) =>
      cyd
        .collection(name)
        .update(accounts.cyd.id, { password: "another one", passwordConfirm: "another one", ...body });
    await invalid({ oldPassword: "required" }, change({}));
    await invalid({ oldPassword: "invalid_old_password" }, change({ oldPassword: "wrong" }));
    await change({ oldPassword: PASSWORD });
    await refused(401, elsewhere.collection(name).authRefresh());
    await refused(400, member(name, "cyd@example.com"));
    await member(name, "cyd@example.com", "another one");
  });

  test("a superuser needs no old password", async () => {
    await root.collection(name).update(accounts.cyd.id, { password: PASSWORD, passwordConfirm: PASSWORD });
    await member(name, "cyd@example.com");
  });

  test("may not change their own address or verify themselves", async () => {
    const ann = await member(name, "ann@example.com");
    await invalid(
      { email: "values_mismatch" },
      ann.collection(name).update(accounts.ann.id, { email: "x@example.com" }),
    );
    await invalid({ verified: "values_mismatch" }, ann.collection(name).update(accounts.ann.id, { verified: true }));
    await refused(404, ann.collection(name).update(accounts.bob.id, { nick: "x" }));
  });

  test("whom the auth rule refuses cannot sign in", async () => {
    const strict = await sandbox.people("strict", ["ann"], { authRule: "verified = true" });
    await refused(403, member(strict.collection.name, "ann@example.com"));
    await root.collection(strict.collection.name).update(strict.accounts.ann.id, { verified: true });
    await member(strict.collection.name, "ann@example.com");
  });

  test("a deleted account's token is a guest's", async () => {
    const gone = await sandbox.people("gone", ["ann"]);
    const ann = await member(gone.collection.name, "ann@example.com");
    await root.collection(gone.collection.name).delete(gone.accounts.ann.id);
    await refused(401, ann.collection(gone.collection.name).authRefresh());
  });

  test("a token of one collection is not good for another", async () => {
    const others = await sandbox.people("others", []);
    const ann = await member(name, "ann@example.com");
    await refused(403, ann.collection(others.collection.name).authRefresh());
    await refused(403, ann.collections.getFullList());
  });
});
