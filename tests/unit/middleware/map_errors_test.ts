import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ReplyError } from "../../../src/errors.ts";
import { mapErrors } from "../../../src/middleware/map_errors.ts";
import { outcome, received } from "./received.ts";

const no = new Error("no");
const reject = () => Promise.reject(no);

Deno.test("mapErrors() gives the reply of what is behind", async () => {
  const mapped = mapErrors(() => new ReplyError(500, "Not asked"));
  assertStrictEquals(await mapped(received(), () => Promise.resolve(7)), 7);
});

Deno.test("mapErrors() throws the error that an exception is mapped to", async () => {
  const message = received();
  const asked: unknown[] = [];
  const told = new ReplyError(404, "No such order");
  const mapped = mapErrors((...given) => {
    asked.push(...given);
    return told;
  });
  assertStrictEquals(await outcome(() => mapped(message, reject)), told);
  assertEquals(asked.map((one, at) => one === [no, message][at]), [true, true]);
});

Deno.test("mapErrors() waits for a promise of the error", async () => {
  const told = new ReplyError(404, "No such order");
  const mapped = mapErrors(() => Promise.resolve(told));
  await assertRejects(async () => await mapped(received(), reject), ReplyError, "No such order");
});

Deno.test("mapErrors() throws the exception on that is given back, or has nothing", async () => {
  assertStrictEquals(await outcome(() => mapErrors((error) => error)(received(), reject)), no);
  assertStrictEquals(await outcome(() => mapErrors(() => {})(received(), reject)), no);
});

Deno.test("mapErrors() leaves a ReplyError as it is", async () => {
  const made = new ReplyError(429, "Too many messages");
  const mapped = mapErrors(() => new ReplyError(500, "Try again later"));
  assertStrictEquals(await outcome(() => mapped(received(), () => Promise.reject(made))), made);
});

Deno.test("mapErrors() throws what its function throws", async () => {
  const worse = new Error("worse");
  const mapped = mapErrors(() => {
    throw worse;
  });
  assertStrictEquals(await outcome(() => mapped(received(), reject)), worse);
});

Deno.test("mapErrors() wants a function", () => {
  assertThrows(
    () => mapErrors(404 as unknown as () => void),
    TypeError,
    `Cannot map errors as "map" must be a function: 404`,
  );
});
