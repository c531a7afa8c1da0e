import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { ReplyError } from "../../../src/errors.ts";
import { throttle, type ThrottleOptions } from "../../../src/middleware/throttle.ts";
import { outcome, received } from "./received.ts";

const next = () => Promise.resolve("done");

Deno.test("throttle() lets as many messages pass as its limit is", async () => {
  const limited = throttle({ limit: 2, interval: 60_000 });
  assertStrictEquals(await limited(received(), next), "done");
  assertStrictEquals(await limited(received(), next), "done");
  assertInstanceOf(await outcome(() => limited(received(), next)), ReplyError);
});

Deno.test("throttle() answers with 429 and the time to wait, and does not run what is behind", async () => {
  using time = new FakeTime();
  using _now = stub(performance, "now", () => time.now);
  const limited = throttle({ limit: 2, interval: 1_000 });
  let runs = 0;
  const run = () => outcome(() => limited(received(), () => Promise.resolve(++runs)));
  assertEquals([await run(), await run()], [1, 2]);
  time.tick(100);
  const error = await run();
  assertInstanceOf(error, ReplyError);
  assertEquals([error.code, error.message], [429, "Too many messages"]);
  assertEquals([error.data, runs], [{ retryAfter: 400 }, 2]);
  time.tick(400);
  assertStrictEquals(await run(), 3);
});

Deno.test("throttle() has a limit for each key", async () => {
  const limited = throttle({ limit: 1, interval: 60_000, key: ({ subject }) => subject });
  const run = (subject: string) => outcome(() => limited(received(subject), next));
  assertEquals([await run("a"), await run("b")], ["done", "done"]);
  assertInstanceOf(await run("a"), ReplyError);
  assertInstanceOf(await run("b"), ReplyError);
});

Deno.test("throttle() remembers no more keys than it may", async () => {
  const limited = throttle({
    limit: 1,
    interval: 60_000,
    key: ({ subject }) => subject,
    maxKeys: 1,
  });
  const run = (subject: string) => outcome(() => limited(received(subject), next));
  assertEquals([await run("a"), await run("b"), await run("a")], ["done", "done", "done"]);
});

Deno.test("throttle() throws on what is behind throws", async () => {
  const error = new Error("no");
  const limited = throttle({ limit: 1, interval: 1_000 });
  assertStrictEquals(await outcome(() => limited(received(), () => Promise.reject(error))), error);
});

Deno.test("throttle() names the option that is missing or wrong", () => {
  const wrong = (options: unknown, sentence: string) =>
    assertThrows(
      () => throttle(options as ThrottleOptions),
      TypeError,
      `Cannot throttle as ${sentence}`,
    );
  const right = { limit: 1, interval: 1 };
  wrong({ interval: 1 }, `"limit" must be a whole number of 1 or more: undefined`);
  wrong(
    { limit: 1 },
    `"interval" must be milliseconds from 0 to 2147483647, or text such as "30s": undefined`,
  );
  wrong(undefined, `"limit" must be a whole number of 1 or more: undefined`);
  wrong(null, `options must be an object: null`);
  wrong({ ...right, limit: 0.5 }, `"limit" must be a whole number of 1 or more: 0.5`);
  wrong({ ...right, interval: 0 }, `"interval" must be more than 0 milliseconds: 0`);
  wrong({ ...right, key: "tenant" }, `"key" must be a function: "tenant"`);
  wrong({ ...right, maxKeys: 0 }, `"maxKeys" must be a whole number of 1 or more: 0`);
  wrong(
    { ...right, rate: 1 },
    `an option must be one of limit, interval, key, maxKeys: "rate"`,
  );
});
