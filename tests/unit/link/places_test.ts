import { assertEquals } from "@std/assert";
import { Places } from "../../../src/link/places.ts";

const enter = (places: Places, times: number) =>
  Array.from({ length: times }, () => places.enter());

Deno.test("Places are so many, and one that is given back can be taken again", () => {
  const places = new Places(2);
  assertEquals(enter(places, 3), [true, true, false]);
  places.leave();
  assertEquals(enter(places, 2), [true, false]);
});

Deno.test("Places counts nothing for whoever found none", () => {
  const places = new Places(1);
  enter(places, 5);
  places.leave();
  assertEquals(enter(places, 2), [true, false]);
});

Deno.test("Places may be none, or without an end", () => {
  assertEquals(enter(new Places(0), 1), [false]);
  assertEquals(enter(new Places(Infinity), 1_000).includes(false), false);
});
