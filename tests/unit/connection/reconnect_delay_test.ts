import {
  assert,
  assertEquals,
  assertLess,
  assertLessOrEqual,
  assertStrictEquals,
} from "@std/assert";
import { stub } from "@std/testing/mock";
import { platformClock } from "../../../src/clock.ts";
import { ReconnectDelay } from "../../../src/connection/reconnect_delay.ts";

/** The delays of so many attempts, each dialled a long time after the one before. */
function delays(delay: ReconnectDelay, attempts: number): number[] {
  return Array.from({ length: attempts }, () => delay.next());
}

Deno.test("ReconnectDelay doubles the longest delay up to the last", () => {
  using _random = stub(Math, "random", () => 1);
  const delay = new ReconnectDelay(platformClock, { minDelay: 250, maxDelay: 3_000 });
  assertEquals(delays(delay, 6), [250, 500, 1_000, 2_000, 3_000, 3_000]);
});

Deno.test("ReconnectDelay draws from nothing up to the longest delay", () => {
  const delay = new ReconnectDelay(platformClock, { minDelay: 100, maxDelay: 100 });
  const drawn = delays(delay, 1_000);
  assert(drawn.every((one) => one >= 0 && one < 100));
  const mean = drawn.reduce((sum, one) => sum + one) / drawn.length;
  assertLess(Math.abs(mean - 50), 10);
  assertStrictEquals(new Set(drawn).size > 900, true);
});

Deno.test("ReconnectDelay counts the attempts since the connection was there", () => {
  const delay = new ReconnectDelay(platformClock, { minDelay: 100, maxDelay: 1_000 });
  assertStrictEquals(delay.attempts, 0);
  delays(delay, 3);
  assertStrictEquals(delay.attempts, 3);
  delay.connected();
  assertStrictEquals(delay.attempts, 0);
});

Deno.test("ReconnectDelay has the first delay again once a connection has lasted for the last one", () => {
  using _random = stub(Math, "random", () => 1);
  const delay = new ReconnectDelay(platformClock, { minDelay: 250, maxDelay: 8_000 });
  delays(delay, 2);
  delay.connected(1_000);
  delay.lost(8_999);
  assertEquals(delays(delay, 2), [1_000, 2_000]);
  delay.connected(10_000);
  delay.lost(18_000);
  assertEquals(delays(delay, 2), [250, 500]);
  delay.lost(99_000);
  assertStrictEquals(delay.next(), 1_000, "it was not connected");
});

Deno.test("ReconnectDelay keeps to ten dials within five first delays, however short it draws", () => {
  using _random = stub(Math, "random", () => 0);
  const delay = new ReconnectDelay(platformClock, { minDelay: 2_000, maxDelay: 8_000 });
  const dials: number[] = [];
  for (let now = 0; dials.length < 100; now += 1) {
    now += delay.next(now);
    delay.dialled(now);
    dials.push(now);
    delay.connected(now);
    delay.lost(now + 1);
  }
  for (const at of dials) {
    const within = dials.filter((other) => other >= at && other < at + 10_000);
    assertLessOrEqual(within.length, 10);
  }
});

Deno.test("ReconnectDelay stays at the last delay for ever", () => {
  using _random = stub(Math, "random", () => 1);
  const delay = new ReconnectDelay(platformClock, { minDelay: 250, maxDelay: 8_000 });
  assertStrictEquals(delays(delay, 2_000).at(-1), 8_000);
});

Deno.test("ReconnectDelay never exceeds the last delay where the first is longer", () => {
  using _random = stub(Math, "random", () => 1);
  assertEquals(delays(new ReconnectDelay(platformClock, { minDelay: 500, maxDelay: 100 }), 2), [
    100,
    100,
  ]);
});

Deno.test("ReconnectDelay stays a number with a first delay of 0", () => {
  assertStrictEquals(
    delays(new ReconnectDelay(platformClock, { minDelay: 0, maxDelay: 8_000 }), 1_100).at(-1),
    0,
  );
});
