import { assert, assertEquals, assertLess, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { ReconnectDelay } from "../../../src/connection/backoff.ts";

/** The delays of so many attempts. */
function delays(delay: ReconnectDelay, attempts: number): number[] {
  return Array.from({ length: attempts }, () => {
    delay.attempt();
    return delay.current;
  });
}

Deno.test("ReconnectDelay doubles the longest delay up to the last", () => {
  using _random = stub(Math, "random", () => 1);
  const delay = new ReconnectDelay({ minDelay: 250, maxDelay: 3_000 });
  assertEquals(delays(delay, 6), [250, 500, 1_000, 2_000, 3_000, 3_000]);
});

Deno.test("ReconnectDelay draws from nothing up to the longest delay", () => {
  const delay = new ReconnectDelay({ minDelay: 100, maxDelay: 100 });
  const drawn = delays(delay, 1_000);
  assert(drawn.every((one) => one >= 0 && one < 100));
  const mean = drawn.reduce((sum, one) => sum + one) / drawn.length;
  assertLess(Math.abs(mean - 50), 10);
  assertStrictEquals(new Set(drawn).size > 900, true);
});

Deno.test("ReconnectDelay keeps one delay for one attempt, however often it is asked for", () => {
  const delay = new ReconnectDelay({ minDelay: 100, maxDelay: 1_000 });
  delay.attempt();
  const { current } = delay;
  for (let time = 0; time < 10; time++) assertStrictEquals(delay.current, current);
});

Deno.test("ReconnectDelay counts the attempts and has no delay before the first", () => {
  const delay = new ReconnectDelay({ minDelay: 100, maxDelay: 1_000 });
  assertStrictEquals(delay.current, 0);
  assertEquals([delay.attempt(), delay.attempt(), delay.attempt()], [1, 2, 3]);
});

Deno.test("ReconnectDelay begins again after reset()", () => {
  using _random = stub(Math, "random", () => 1);
  const delay = new ReconnectDelay({ minDelay: 250, maxDelay: 8_000 });
  delays(delay, 5);
  delay.reset();
  assertStrictEquals(delay.current, 0);
  assertStrictEquals(delay.attempt(), 1);
  assertStrictEquals(delay.current, 250);
});

Deno.test("ReconnectDelay stays at the last delay for ever", () => {
  using _random = stub(Math, "random", () => 1);
  const delay = new ReconnectDelay({ minDelay: 250, maxDelay: 8_000 });
  assertStrictEquals(delays(delay, 2_000).at(-1), 8_000);
});

Deno.test("ReconnectDelay never exceeds the last delay where the first is longer", () => {
  using _random = stub(Math, "random", () => 1);
  assertEquals(delays(new ReconnectDelay({ minDelay: 500, maxDelay: 100 }), 2), [100, 100]);
});

Deno.test("ReconnectDelay stays a number with a first delay of 0", () => {
  assertStrictEquals(delays(new ReconnectDelay({ minDelay: 0, maxDelay: 8_000 }), 1_100).at(-1), 0);
});
