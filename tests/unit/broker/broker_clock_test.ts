import { assert, assertEquals } from "@std/assert";
import { BrokerClock, platformClock } from "../../../src/clock.ts";
import { MovedClock } from "../../../src/testing/server/moved_clock.ts";

const HOUR = 3_600_000;

Deno.test("BrokerClock.now() never goes back, whatever clock it follows next", async () => {
  const clock = new BrokerClock();
  const [ahead, behind] = [new MovedClock(), new MovedClock()];
  await ahead.advance(HOUR);
  let last = clock.now();
  for (const next of [ahead, behind, platformClock, ahead, platformClock]) {
    clock.follow(next);
    assert(clock.now() >= last, `${clock.now()} after ${last}`);
    last = clock.now();
  }
});

Deno.test("BrokerClock.now() goes by whole milliseconds where its time is moved", async () => {
  const clock = new BrokerClock();
  const moved = new MovedClock();
  clock.follow(moved);
  const began = clock.now();
  assertEquals(Number.isInteger(began), true);
  await moved.advance(HOUR);
  assertEquals(clock.now(), began + HOUR);
});

Deno.test("BrokerClock.setTimeout() gives a timer that is cleared where it was made, though it follows another clock now", async () => {
  const clock = new BrokerClock();
  const moved = new MovedClock();
  let fired = 0;
  const real = clock.setTimeout(() => fired++, 1);
  clock.follow(moved);
  const later = clock.setTimeout(() => fired++, 1);
  clock.follow(platformClock);
  real.clear();
  later.clear();
  await moved.advance(HOUR);
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(fired, 0);
});
