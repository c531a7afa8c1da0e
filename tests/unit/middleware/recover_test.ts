import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { ReplyError } from "../../../src/errors.ts";
import { recover } from "../../../src/middleware/recover.ts";
import { outcome, received } from "./received.ts";

Deno.test("recover() gives the reply of what is behind", async () => {
  assertStrictEquals(await recover(() => 0)(received(), () => Promise.resolve(7)), 7);
});

Deno.test("recover() replies with a value for any error", async () => {
  const message = received();
  const asked: unknown[] = [];
  const safe = recover((error, given) => {
    asked.push([error, given === message]);
    return asked.length;
  });
  const errors = [new Error("no"), new ReplyError(404, "No such order"), undefined];
  for (const [at, error] of errors.entries()) {
    assertStrictEquals(await safe(message, () => Promise.reject(error)), at + 1);
  }
  assertEquals(asked, errors.map((error) => [error, true]));
});

Deno.test("recover() takes undefined for a reply, and waits for a promise", async () => {
  const fail = () => Promise.reject(new Error("no"));
  assertStrictEquals(await recover(() => {})(received(), fail), undefined);
  assertStrictEquals(await recover(() => Promise.resolve(5))(received(), fail), 5);
});

Deno.test("recover() throws what its function throws", async () => {
  const worse = new Error("worse");
  const safe = recover(() => Promise.reject(worse));
  assertStrictEquals(
    await outcome(() => safe(received(), () => Promise.reject(new Error("no")))),
    worse,
  );
});

Deno.test("recover() wants a function", () => {
  assertThrows(
    () => recover(undefined as unknown as () => void),
    TypeError,
    `Cannot recover as "replace" must be a function: undefined`,
  );
});
