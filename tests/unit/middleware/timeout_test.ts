import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { ReplyError, TimeoutError } from "../../../src/errors.ts";
import { timeout } from "../../../src/middleware/timeout.ts";
import { outcome, received } from "./received.ts";

const never = () => new Promise<never>(() => {});

Deno.test("timeout() gives the reply of what is behind", async () => {
  assertStrictEquals(await timeout(1_000)(received(), () => Promise.resolve(7)), 7);
});

Deno.test("timeout() throws on what is behind throws or rejects with", async () => {
  const error = new Error("no");
  const limited = timeout(1_000);
  assertStrictEquals(await outcome(() => limited(received(), () => Promise.reject(error))), error);
  const throws = () => {
    throw error;
  };
  assertStrictEquals(await outcome(() => limited(received(), throws)), error);
});

Deno.test("timeout() leaves a TimeoutError of what is behind as it is", async () => {
  const error = new TimeoutError("request", 5);
  const result = await outcome(() => timeout(1_000)(received(), () => Promise.reject(error)));
  assertStrictEquals(result, error);
});

Deno.test("timeout() answers with 504 when time is up, and not before", async () => {
  using time = new FakeTime();
  let settled = false;
  const done = outcome(() => timeout(100)(received(), never)).finally(() => settled = true);
  await time.tickAsync(99);
  await time.runMicrotasks();
  assertStrictEquals(settled, false);
  await time.tickAsync(1);
  const result = await done;
  assertInstanceOf(result, ReplyError);
  assertEquals([result.code, result.message], [504, "No reply within 100 ms"]);
});

Deno.test("timeout() leaves no late rejection of what is behind unhandled", async () => {
  using time = new FakeTime();
  const unhandled: unknown[] = [];
  const listen = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    unhandled.push(event.reason);
  };
  addEventListener("unhandledrejection", listen);
  try {
    const work = Promise.withResolvers<unknown>();
    const done = outcome(() => timeout(100)(received(), () => work.promise));
    await time.tickAsync(100);
    assertInstanceOf(await done, ReplyError);
    work.reject(new Error("late"));
    await time.delay(10);
    assertEquals(unhandled, []);
  } finally {
    removeEventListener("unhandledrejection", listen);
  }
});

Deno.test("timeout() leaves no timer behind", async () => {
  using time = new FakeTime();
  await timeout(100)(received(), () => Promise.resolve());
  await outcome(() => timeout(100)(received(), () => Promise.reject(new Error("no"))));
  assertStrictEquals(time.next(), false);
});

Deno.test("timeout() counts for each message on its own", async () => {
  using time = new FakeTime();
  const limited = timeout(100);
  const first = outcome(() => limited(received(), never));
  await time.tickAsync(60);
  const work = Promise.withResolvers<unknown>();
  const second = outcome(() => limited(received(), () => work.promise));
  await time.tickAsync(40);
  assertInstanceOf(await first, ReplyError);
  work.resolve("in time");
  assertStrictEquals(await second, "in time");
});

Deno.test("timeout() names what is wrong with its milliseconds", () => {
  for (const [value, shown] of [[-1, "-1"], [NaN, "NaN"], ["5", '"5"'], [undefined, "undefined"]]) {
    assertThrows(
      () => timeout(value as number),
      TypeError,
      `Cannot make a timeout as "duration" must be milliseconds from 0 to 2147483647, or text such as "30s": ${shown}`,
    );
  }
});

Deno.test("timeout() takes a duration as text", async () => {
  using time = new FakeTime();
  const answer = outcome(() => timeout("1.5s")(received(), never));
  await time.tickAsync(1_500);
  const late = await answer;
  assertInstanceOf(late, ReplyError);
  assertEquals(late.message, "No reply within 1500 ms");
});
