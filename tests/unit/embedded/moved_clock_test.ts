import { assertEquals } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import type { Timer } from "../../../src/clock.ts";
import { MovedClock } from "../../../src/testing/server/moved_clock.ts";
import { until } from "../../support/nats_server/until.ts";

const HOUR = 3_600_000;

/** A clock, and what fires on it with how long after the beginning that was. */
function moved() {
  const clock = new MovedClock();
  const began = clock.now();
  const fired: string[] = [];
  const at = (name: string, milliseconds: number): Timer =>
    clock.setTimeout(() => fired.push(`${name} ${clock.now() - began}`), milliseconds);
  return { clock, began, fired, at };
}

Deno.test("MovedClock.advance() fires timers in the order of what is due, each at its time", async () => {
  const { clock, began, fired, at } = moved();
  at("c", 3 * HOUR);
  at("a", 1);
  at("b", HOUR);
  await clock.advance(2 * HOUR);
  assertEquals(fired, ["a 1", `b ${HOUR}`]);
  assertEquals(clock.now() - began, 2 * HOUR);
  await clock.advance(HOUR);
  assertEquals(fired.at(-1), `c ${3 * HOUR}`);
});

Deno.test("MovedClock.advance() fires timers due at the same time in the order of their making", async () => {
  const { clock, fired, at } = moved();
  for (const name of ["a", "b", "c", "d", "e"]) at(name, 10);
  await clock.advance(5);
  at("f", 5);
  at("before", 4);
  await clock.advance(5);
  assertEquals(fired, ["before 9", "a 10", "b 10", "c 10", "d 10", "e 10", "f 10"]);
});

Deno.test("MovedClock.advance() fires timers that timers make, where they are due within it", async () => {
  const { clock, fired, at } = moved();
  clock.setTimeout(() => {
    at("b", 10);
    at("late", 91);
    clock.setTimeout(() => at("c", 20), 5);
  }, 10);
  at("a", 10);
  await clock.advance(100);
  assertEquals(fired, ["a 10", "b 20", "c 35"]);
  await clock.advance(1);
  assertEquals(fired.at(-1), "late 101");
});

Deno.test("MovedClock.advance() waits for what a timer causes before the next timer fires", async () => {
  const { clock, fired, at } = moved();
  clock.setTimeout(async () => {
    for (let steps = 0; steps < 100; steps++) await undefined;
    fired.push("microtasks");
    clock.setTimeout(() => {
      fired.push("turn");
      void clock.underWay(async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        fired.push("under way");
        clock.setTimeout(() => fired.push("another turn"), 0);
      });
    }, 0);
  }, 10);
  at("next", 10);
  await clock.advance(10);
  assertEquals(fired, ["microtasks", "turn", "under way", "another turn", "next 10"]);
});

Deno.test("MovedClock.setTimeout() with 0 fires by itself, in order, while the time stands still", async () => {
  const { fired, at } = moved();
  at("a", 0);
  at("b", -5);
  at("c", NaN);
  at("never", 1);
  await until("they fire", () => fired.length > 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(fired, ["a 0", "b 0", "c 0"]);
});

Deno.test("MovedClock.setTimeout() gives a timer that does not fire once cleared, and may be cleared again", async () => {
  const { clock, fired, at } = moved();
  const [first, second, third, turn] = [at("a", 5), at("b", 5), at("c", 5), at("turn", 0)];
  for (const timer of [turn, turn, second, second]) timer.clear();
  clock.setTimeout(() => third.clear(), 4);
  await clock.advance(10);
  first.clear();
  assertEquals(fired, ["a 5"]);
});

Deno.test("MovedClock.setTimeout() gives a timer that does not fire where one due at the same time clears it", async () => {
  const { clock, fired, at } = moved();
  clock.setTimeout(() => second.clear(), 5);
  const second = at("second", 5);
  at("third", 5);
  await clock.advance(5);
  assertEquals(fired, ["third 5"]);
});

Deno.test("MovedClock.advance() called while it moves goes on after that", async () => {
  const { clock, began, fired, at } = moved();
  const moves: Promise<void>[] = [];
  clock.setTimeout(() => moves.push(clock.advance(50)), 10);
  at("a", 15);
  at("b", 60);
  await Promise.all([clock.advance(20), clock.advance(30)]);
  await Promise.all(moves);
  assertEquals(fired, ["a 15", "b 60"]);
  assertEquals(clock.now() - began, 100);
});

Deno.test("MovedClock.now() and its timers are exact, whatever fractions it is moved by", async () => {
  const { clock, began, fired, at } = moved();
  at("a", 0.2);
  at("b", 1.5);
  for (let times = 0; times < 8; times++) await clock.advance(0.125);
  assertEquals(fired, ["a 1"]);
  assertEquals(clock.now() - began, 1);
  await clock.advance(1);
  assertEquals(fired.at(-1), "b 2");
});

Deno.test("MovedClock.setTimeout() gives a timer that fires in the async context that it was made in", async () => {
  const { clock } = moved();
  const storage = new AsyncLocalStorage<string>();
  const found: unknown[] = [];
  storage.run("made", () => {
    clock.setTimeout(() => found.push(storage.getStore()), 10);
    clock.setTimeout(() => found.push(storage.getStore()), 0);
  });
  await storage.run("moved", () => clock.advance(10));
  assertEquals(found, ["made", "made"]);
});

Deno.test("MovedClock.setWallTime() moves no timer, and time goes on from there", async () => {
  const { clock, fired, at } = moved();
  const wall = clock.wallTime();
  at("a", HOUR);
  clock.setWallTime(wall - 24 * HOUR);
  await clock.advance(HOUR - 1);
  assertEquals(fired, []);
  assertEquals(clock.wallTime(), wall - 23 * HOUR - 1);
  clock.setWallTime(wall + 24 * HOUR);
  assertEquals(fired, []);
  await clock.advance(1);
  assertEquals(fired, [`a ${HOUR}`]);
});

Deno.test("MovedClock.suspend() has timers fire late, each once, and those they make later", async () => {
  const { clock, fired, at } = moved();
  const again = (): void =>
    void clock.setTimeout(() => fired.push(`again ${fired.length}`) && again(), 60_000);
  again();
  at("a", 1);
  at("later", 2 * HOUR);
  await clock.suspend(HOUR);
  assertEquals(fired, [`a ${HOUR}`, "again 1"]);
  await clock.advance(60_000);
  assertEquals(fired, [`a ${HOUR}`, "again 1", "again 2"]);
});

Deno.test("MovedClock.advance() moves on where a program never pauses", async () => {
  const { clock, fired, at } = moved();
  let isOver = false;
  const spin = (): void => void (isOver || clock.setTimeout(spin, 0));
  spin();
  at("a", 10);
  await clock.advance(10);
  isOver = true;
  assertEquals(fired, ["a 10"]);
});

Deno.test("MovedClock.runUntilSettled() moves the time for what waits for it, and for nothing else", async () => {
  const { clock, began, at, fired } = moved();
  at("later", 20);
  const { promise, resolve } = Promise.withResolvers<string>();
  clock.setTimeout(() => resolve("done"), 10);
  assertEquals(await clock.runUntilSettled(promise), "done");
  assertEquals(
    await clock.runUntilSettled(new Promise((resolve) => setTimeout(resolve, 20))),
    undefined,
  );
  assertEquals([fired, clock.now() - began], [[], 10]);
});

Deno.test("MovedClock holds nothing of timers that were cleared, and sees to many", async () => {
  const { clock } = moved();
  let fired = 0;
  for (let each = 0; each < 50_000; each++) {
    clock.setTimeout(() => fired++, HOUR + each % 7).clear();
    if (each % 100 === 0) clock.setTimeout(() => fired++, HOUR - each % 7);
  }
  await clock.advance(2 * HOUR);
  assertEquals(fired, 500);
});
