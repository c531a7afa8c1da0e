import { assertEquals, assertStrictEquals } from "@std/assert";
import { Grants } from "../../../src/link/grants.ts";

/** Gives from this serial on, until there is enough. */
function supply(grants: Grants, from: number): number {
  let serial = from;
  for (; grants.isShort && serial < 1_000; serial++) grants.give(serial);
  return serial - from;
}

Deno.test("Grants is never short of what nobody counts", () => {
  const grants = new Grants(0, 1_000);
  grants.use(1);
  grants.void(1e15);
  assertStrictEquals(grants.isShort, false);
});

Deno.test("Grants gives for the window and four more, and no more than 36", () => {
  const needed = [1, 4, 32, 33, 100_000].map((window) => supply(new Grants(1, window), 1));
  assertEquals(needed, [5, 8, 36, 36, 36]);
});

Deno.test("Grants gives two addresses at least, however good one is", () => {
  assertEquals([16, 1_000].map((responses) => supply(new Grants(responses, 1), 1)), [2, 2]);
});

Deno.test("Grants needs another where one was used up, by as many messages as it was good for", () => {
  const grants = new Grants(2, 2);
  assertStrictEquals(supply(grants, 1), 3);
  grants.use(1);
  assertStrictEquals(grants.isShort, false);
  grants.use(1);
  assertStrictEquals(supply(grants, 4), 1);
});

Deno.test("Grants counts no message to an address that it never gave, or that is used up", () => {
  const grants = new Grants(1, 1);
  supply(grants, 1);
  grants.use(99);
  assertStrictEquals(grants.isShort, false);
  grants.use(1);
  supply(grants, 6);
  grants.use(1);
  grants.use(-1);
  grants.use(NaN);
  assertStrictEquals(grants.isShort, false);
});

Deno.test("Grants.void() takes off all up to a serial, what was used of them counted once", () => {
  const grants = new Grants(1, 1);
  assertStrictEquals(supply(grants, 1), 5);
  grants.use(2);
  grants.void(3);
  assertStrictEquals(supply(grants, 6), 3);
  grants.void(3);
  assertStrictEquals(grants.isShort, false);
  grants.void(1e15);
  assertStrictEquals(supply(grants, 9), 5);
});
