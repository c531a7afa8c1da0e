import { assert, assertEquals } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import { Places } from "../../../src/link/places.ts";

const enter = (places: Places, times: number) =>
  Array.from({ length: times }, () => places.enter());

Deno.test("Places are so many, and one that is given back can be taken again", () => {
  const places = new Places(platformClock, 2);
  assertEquals(enter(places, 3), [true, true, false]);
  places.leave();
  assertEquals(enter(places, 2), [true, false]);
});

Deno.test("Places counts nothing for whoever found none", () => {
  const places = new Places(platformClock, 1);
  enter(places, 5);
  places.leave();
  assertEquals(enter(places, 2), [true, false]);
});

Deno.test("Places may be none, or without an end", () => {
  assertEquals(enter(new Places(platformClock, 0), 1), [false]);
  assertEquals(enter(new Places(platformClock, Infinity), 1_000).includes(false), false);
});

Deno.test("Places lets so many pass within a second, and tells the next when it may", () => {
  const places = new Places(platformClock, 1, 2);
  assertEquals([places.pass(), places.pass()], [0, 0]);
  const wait = places.pass();
  assert(wait > 0 && wait <= 500, `${wait} ms`);
  assertEquals(enter(places, 2), [true, false], "who may come is not who is there");
});

Deno.test("Places lets any number pass within a second where no rate is given", () => {
  const places = new Places(platformClock, 1);
  const waits = Array.from({ length: 10_000 }, () => places.pass());
  assertEquals(waits.filter((wait) => wait > 0), []);
});
