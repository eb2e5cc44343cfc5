import assert from "node:assert/strict";
import { ClientResponseError } from "pocketbase";

/** Expects the client to reject with this status, and returns the error. */
export async function refused(status, promise) {
  const error = await promise.then(
    (value) => assert.fail(`expected ${status}, but it succeeded with ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  if (error instanceof assert.AssertionError) throw error;
  assert.ok(error instanceof ClientResponseError, `not a ClientResponseError: ${error.stack}`);
  assert.equal(error.status, status, JSON.stringify(error.response));
  return error;
}

/** Expects a 400 whose data has these codes by field (without the `validation_` that all of them begin with). */
export async function invalid(codes, promise) {
  const { response } = await refused(400, promise);
  const found = Object.fromEntries(Object.entries(response.data).map(([field, { code }]) => [field, code]));
  assert.deepEqual(
    found,
    Object.fromEntries(Object.entries(codes).map(([field, code]) => [field, `validation_${code}`])),
  );
  return response;
}
