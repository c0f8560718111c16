// Registers a user with a client that is generated from the contract. The argument is the URL of a service with an outbox.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { components, paths } from "./contract.js";

const baseUrl = process.argv[2] ?? "http://localhost:8080";
const client = createClient<paths>({ baseUrl });

const form: components["schemas"]["RegistrationRequest"] = {
  first_name: "Zoë",
  last_name: "Nguyễn",
  email: "zoe@example.com",
  password: "violet-harbour-91-kettle",
};

function register(body: typeof form) {
  return client.POST("/v1/registrations", { body, params: { header: { "Idempotency-Key": randomUUID() } } });
}

async function codeFromOutbox(): Promise<string> {
  const answer = await fetch(`${baseUrl}/outbox.json?to=${form.email}`);
  const messages = (await answer.json()) as { kind: string; text: string }[];
  const code = messages.find((m) => m.kind === "otp")?.text.match(/\b\d{6}\b/)?.[0];
  if (code) return code;
  await new Promise((resolve) => setTimeout(resolve, 100));
  return codeFromOutbox();
}

// Invalid fields: 422, with the names of the fields.
const invalid = await register({ ...form, password: "password" });
assert.equal(invalid.response.status, 422);
assert.equal(invalid.error?.code, "validation_failed");
assert.deepEqual(invalid.error.errors?.map((e) => [e.field, e.code]), [["password", "too_weak"]]);

// Register.
const { data: registration, error } = await register(form);
assert.ok(registration, `${error?.code} ${error?.detail}`);
assert.equal(registration.status, "pending_verification");
assert.ok("verification" in registration, "the answer is 201, not 202");
assert.equal(registration.verification.channel, "email");
const authorized = {
  params: { path: { id: registration.registration_id } },
  headers: { Authorization: `Bearer ${registration.registration_token}` },
};

// Enter a wrong code: 422, with the number of attempts left. Then the right one.
const code = await codeFromOutbox();
const verify = (text: string) =>
  client.POST("/v1/registrations/{id}/verification", { ...authorized, body: { code: text } });
const wrong = await verify(code === "000000" ? "111111" : "000000");
assert.equal(wrong.error?.code, "wrong_code");
assert.equal(wrong.error.attempts_left, 4);
const right = await verify(code);
assert.equal(right.data?.status, "active");

// The account is active.
const state = await client.GET("/v1/registrations/{id}", authorized);
assert.ok(state.data?.user_id);
assert.equal(state.data.email_verified, true);

// Register again: 409.
const again = await register(form);
assert.equal(again.response.status, 409);
assert.equal(again.error?.code, "email_taken");

// The compiler refuses what the contract does not allow.
export const mistakes = () => [
  // @ts-expect-error the field is missing
  client.POST("/v1/registrations", { body: { first_name: "Zoë", last_name: "Nguyễn", email: "zoe@example.com" } }),
  // @ts-expect-error the path has an id
  client.GET("/v1/registrations/{id}", {}),
  // @ts-expect-error there is no such code
  again.error?.code === "email_token",
];

console.log("The journey is complete.");
