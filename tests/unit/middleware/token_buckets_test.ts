import { assertEquals, assertGreater, assertLessOrEqual, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { TokenBuckets } from "../../../src/middleware/token_buckets.ts";

/** A clock that goes when it is told to. */
function clock() {
  let now = 12_345.678;
  const time = stub(performance, "now", () => now);
  return {
    pass: (milliseconds: number) => void (now += milliseconds),
    [Symbol.dispose]: () => time.restore(),
  };
}

Deno.test("TokenBuckets.take() gives as many tokens as a full bucket has, then the time to wait", () => {
  using _clock = clock();
  const buckets = new TokenBuckets({ limit: 3, interval: 1_000 }, 10);
  assertEquals(Array.from({ length: 5 }, () => buckets.take("a")), [0, 0, 0, 334, 334]);
});

Deno.test("TokenBuckets.take() fills a bucket as time passes, and no further than to the brim", () => {
  using time = clock();
  const buckets = new TokenBuckets({ limit: 2, interval: 1_000 }, 10);
  buckets.take("a");
  buckets.take("a");
  time.pass(499);
  assertStrictEquals(buckets.take("a"), 1);
  time.pass(1);
  assertEquals([buckets.take("a"), buckets.take("a")], [0, 500]);
  time.pass(3_600_000);
  assertEquals([buckets.take("a"), buckets.take("a"), buckets.take("a")], [0, 0, 500]);
});

Deno.test("TokenBuckets.take() gives a token after the time it told, whatever the rate", () => {
  using time = clock();
  for (const limit of [1, 3, 7, 10, 999, 10_000]) {
    for (const interval of [1, 33, 100, 1_000, 59_999, 86_400_000]) {
      const buckets = new TokenBuckets({ limit, interval }, 10);
      for (let taken = 0; taken < limit; taken++) assertStrictEquals(buckets.take("a"), 0);
      for (let round = 0; round < 20; round++) {
        const wait = buckets.take("a");
        if (wait === 0) continue;
        time.pass(wait / 3);
        if (wait > 1) assertGreater(buckets.take("a"), 0);
        time.pass(wait * 2 / 3);
        assertStrictEquals(buckets.take("a"), 0, `${limit} in ${interval} ms, round ${round}`);
      }
    }
  }
});

Deno.test("TokenBuckets.take() never gives more than the limit and what an interval gives back", () => {
  using time = clock();
  const buckets = new TokenBuckets({ limit: 10, interval: 1_000 }, 10);
  let taken = 0;
  for (let step = 0; step < 70_000; step++) {
    if (buckets.take("a") === 0) taken++;
    time.pass(1 / 7);
  }
  assertStrictEquals(Math.abs(taken - 110) <= 1, true, String(taken));
});

Deno.test("TokenBuckets.take() keeps a bucket for each key", () => {
  using _clock = clock();
  const buckets = new TokenBuckets({ limit: 1, interval: 1_000 }, 10);
  assertEquals(["a", "b", "a", "b"].map((key) => buckets.take(key)), [0, 0, 1_000, 1_000]);
});

Deno.test("TokenBuckets.take() forgets the key that was not asked for for longest", () => {
  using _clock = clock();
  const buckets = new TokenBuckets({ limit: 1, interval: 1_000 }, 2);
  const take = (...keys: string[]) => keys.map((key) => buckets.take(key) === 0);
  assertEquals(take("a", "b"), [true, true]);
  assertEquals(take("a"), [false]);
  assertEquals(take("c"), [true]);
  assertEquals(take("a", "c"), [false, false]);
  assertEquals(take("b"), [true]);
});

Deno.test("TokenBuckets stays as small as it is told to, however many keys there are", () => {
  const most = { size: 0 };
  const set = Map.prototype.set;
  using _set = stub(Map.prototype, "set", function (this: Map<unknown, unknown>, key, value) {
    set.call(this, key, value);
    most.size = Math.max(most.size, this.size);
    return this;
  });
  const buckets = new TokenBuckets({ limit: 1, interval: 1_000 }, 100);
  for (let key = 0; key < 10_000; key++) buckets.take(`${key}`);
  assertLessOrEqual(most.size, 101);
});
