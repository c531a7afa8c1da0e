import { assertEquals, assertGreater, assertLessOrEqual, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { RateLimiter } from "../../src/pacing.ts";

/** Buckets, and a time that goes when it is told to. */
function timed(limit: number, interval: number, maxKeys = 10) {
  let now = 12_345.678;
  const buckets = new RateLimiter({ limit, interval }, maxKeys);
  return {
    pass: (milliseconds: number) => void (now += milliseconds),
    take: (key = "a") => buckets.take(key, now),
  };
}

Deno.test("RateLimiter.take() gives as many tokens as a full bucket has, then the time to wait", () => {
  const buckets = timed(3, 1_000, 10);
  assertEquals(Array.from({ length: 5 }, () => buckets.take()), [0, 0, 0, 334, 334]);
});

Deno.test("RateLimiter.take() fills a bucket as time passes, and no further than to the brim", () => {
  const buckets = timed(2, 1_000, 10);
  buckets.take();
  buckets.take();
  buckets.pass(499);
  assertStrictEquals(buckets.take(), 1);
  buckets.pass(1);
  assertEquals([buckets.take(), buckets.take()], [0, 500]);
  buckets.pass(3_600_000);
  assertEquals([buckets.take(), buckets.take(), buckets.take()], [0, 0, 500]);
});

Deno.test("RateLimiter.take() gives a token after the time it told, whatever the rate", () => {
  for (const limit of [1, 3, 7, 10, 999, 10_000]) {
    for (const interval of [1, 33, 100, 1_000, 59_999, 86_400_000]) {
      const buckets = timed(limit, interval);
      for (let taken = 0; taken < limit; taken++) assertStrictEquals(buckets.take(), 0);
      for (let round = 0; round < 20; round++) {
        const wait = buckets.take();
        if (wait === 0) continue;
        buckets.pass(wait / 3);
        if (wait > 1) assertGreater(buckets.take(), 0);
        buckets.pass(wait * 2 / 3);
        assertStrictEquals(buckets.take(), 0, `${limit} in ${interval} ms, round ${round}`);
      }
    }
  }
});

Deno.test("RateLimiter.take() never gives more than the limit and what an interval gives back", () => {
  const buckets = timed(10, 1_000, 10);
  let taken = 0;
  for (let step = 0; step < 70_000; step++) {
    if (buckets.take() === 0) taken++;
    buckets.pass(1 / 7);
  }
  assertStrictEquals(Math.abs(taken - 110) <= 1, true, String(taken));
});

Deno.test("RateLimiter.take() keeps a bucket for each key", () => {
  const buckets = timed(1, 1_000, 10);
  assertEquals(["a", "b", "a", "b"].map((key) => buckets.take(key)), [0, 0, 1_000, 1_000]);
});

Deno.test("RateLimiter.take() forgets the key that was not asked for for longest", () => {
  const buckets = timed(1, 1_000, 2);
  const take = (...keys: string[]) => keys.map((key) => buckets.take(key) === 0);
  assertEquals(take("a", "b"), [true, true]);
  assertEquals(take("a"), [false]);
  assertEquals(take("c"), [true]);
  assertEquals(take("a", "c"), [false, false]);
  assertEquals(take("b"), [true]);
});

Deno.test("RateLimiter stays as small as it is told to, however many keys there are", () => {
  const most = { size: 0 };
  const set = Map.prototype.set;
  using _set = stub(Map.prototype, "set", function (this: Map<unknown, unknown>, key, value) {
    set.call(this, key, value);
    most.size = Math.max(most.size, this.size);
    return this;
  });
  const buckets = timed(1, 1_000, 100);
  for (let key = 0; key < 10_000; key++) buckets.take(`${key}`);
  assertLessOrEqual(most.size, 101);
});
