import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { platformClock } from "../../../src/clock.ts";
import { Limiter } from "../../../src/link/limits.ts";

const enter = (limiter: Limiter, times: number) =>
  Array.from({ length: times }, () => limiter.acquire());

Deno.test("Limiter has so many places, and one that is given back can be taken again", () => {
  const limiter = new Limiter(platformClock, 2);
  assertEquals(enter(limiter, 3), [true, true, false]);
  limiter.release();
  assertEquals(enter(limiter, 2), [true, false]);
});

Deno.test("Limiter counts nothing for whoever found none", () => {
  const limiter = new Limiter(platformClock, 1);
  enter(limiter, 5);
  limiter.release();
  assertEquals(enter(limiter, 2), [true, false]);
});

Deno.test("Limiter may have no place, or without an end", () => {
  assertEquals(enter(new Limiter(platformClock, 0), 1), [false]);
  assertEquals(enter(new Limiter(platformClock, Infinity), 1_000).includes(false), false);
});

Deno.test("Limiter lets so many pass within a second, and tells the next when it may", () => {
  using _now = stub(performance, "now", () => 0);
  const limiter = new Limiter(platformClock, 1, 2);
  assertEquals([limiter.takeToken(), limiter.takeToken()], [0, 0]);
  const wait = limiter.takeToken();
  assert(wait > 0 && wait <= 500, `${wait} ms`);
  assertEquals(enter(limiter, 2), [true, false], "who may come is not who is there");
});

Deno.test("Limiter lets any number pass within a second where no rate is given", () => {
  const limiter = new Limiter(platformClock, 1);
  const waits = Array.from({ length: 10_000 }, () => limiter.takeToken());
  assertEquals(waits.filter((wait) => wait > 0), []);
});
