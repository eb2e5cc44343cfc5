import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { required } from "../lib/env.mjs";
import { guest, superuser } from "../lib/fixture.mjs";
import { refused } from "../lib/expect.mjs";

describe("superuser", () => {
  test("the server is healthy", async () => {
    const health = await guest().health.check();
    assert.equal(health.code, 200);
    assert.equal(health.message, "API is healthy.");
  });

  test("signs in, and the store knows it", async () => {
    const root = await superuser();
    assert.ok(root.authStore.isValid);
    assert.ok(root.authStore.isSuperuser);
    assert.equal(root.authStore.record.collectionName, "_superusers");
    assert.equal(root.authStore.record.email, required("PLINTH_EMAIL"));
  });

  test("refreshes its token", async () => {
    const root = await superuser();
    const { token, record } = await root.collection("_superusers").authRefresh();
    assert.equal(root.authStore.token, token);
    assert.equal(record.id, root.authStore.record.id);
  });

  test("is refused with a wrong password", async () => {
    const signIn = guest().collection("_superusers").authWithPassword(required("PLINTH_EMAIL"), "wrong");
    assert.equal((await refused(400, signIn)).message, "Failed to authenticate.");
  });

  test("nobody else lists collections", async () => {
    await refused(401, guest().collections.getFullList());
  });

  test("a guest may not see superusers", async () => {
    await refused(403, guest().collection("_superusers").getList());
  });
});
