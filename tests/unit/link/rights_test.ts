import { assertEquals, assertStrictEquals } from "@std/assert";
import { Rights } from "../../../src/link/rights.ts";

const limited = (max: number, expires = 1_000) => new Rights({ max, expires });
const takeAll = (rights: Rights, now = 0) =>
  Array.from({ length: rights.left(now) }, () => rights.take(now));

Deno.test("Rights has nothing before the first address, limited or not", () => {
  for (const rights of [new Rights(undefined), limited(2)]) {
    assertEquals([rights.left(0), rights.take(0), rights.spent], [0, undefined, 0]);
  }
});

Deno.test("Rights stays with the first address where nothing is limited, for ever", () => {
  const rights = new Rights(undefined);
  rights.grant("a", 1, 0);
  rights.grant("b", 2, 0);
  rights.clear();
  assertEquals([rights.left(1e12), rights.take(1e12), rights.spent], [Infinity, "a", 0]);
});

Deno.test("Rights gives each address so often, the oldest first", () => {
  const rights = limited(2);
  rights.grant("a", 1, 0);
  rights.grant("b", 2, 0);
  assertEquals([takeAll(rights), rights.take(0)], [["a", "a", "b", "b"], undefined]);
});

Deno.test("Rights.spent is the last that was used up, and not one that is still good", () => {
  const rights = limited(2);
  rights.grant("a", 3, 0);
  rights.grant("b", 5, 0);
  rights.take(0);
  assertStrictEquals(rights.spent, 0);
  rights.take(0);
  assertStrictEquals(rights.spent, 3);
  rights.take(0);
  rights.take(0);
  assertStrictEquals(rights.spent, 5);
});

Deno.test("Rights passes over a serial that does not rise, as it may have been used already", () => {
  const rights = limited(1);
  rights.grant("a", 5, 0);
  rights.take(0);
  rights.grant("a", 5, 0);
  rights.grant("b", 4, 0);
  assertStrictEquals(rights.left(0), 0);
});

Deno.test("Rights lets go of an address after 0.8 of its time", () => {
  const rights = limited(1);
  rights.grant("a", 1, 0);
  rights.grant("b", 2, 500);
  assertStrictEquals(rights.left(800), 2);
  assertEquals([rights.left(801), rights.spent, rights.take(801)], [1, 1, "b"]);
});

Deno.test("Rights.take() gives no address that has grown old, though nobody counted before", () => {
  const rights = limited(3);
  rights.grant("a", 1, 0);
  assertStrictEquals(rights.take(5_000), undefined);
});

Deno.test("Rights.clear() lets go of all, and takes what comes after", () => {
  const rights = limited(2);
  rights.grant("a", 1, 0);
  rights.grant("b", 9, 0);
  rights.take(0);
  rights.clear();
  assertEquals([rights.left(0), rights.spent, rights.take(0)], [0, 9, undefined]);
  rights.grant("b", 9, 0);
  rights.grant("c", 10, 0);
  assertEquals(takeAll(rights), ["c", "c"]);
});

Deno.test("Rights keeps the beginning that all addresses have in common once", () => {
  const rights = limited(1);
  rights.grant("_IN.abc.o1", 1, 0);
  rights.grant("_IN.abc.c0002", 2, 0);
  rights.grant("_IN.abc.c123456789012345", 123_456_789_012_345, 0);
  assertEquals(takeAll(rights), ["_IN.abc.o1", "_IN.abc.c0002", "_IN.abc.c123456789012345"]);
});

Deno.test("Rights keeps the last 256 addresses of a peer that gives more than can be used", () => {
  const rights = limited(2);
  for (let serial = 1; serial <= 200_000; serial++) rights.grant(`a.c${serial}`, serial, 0);
  assertEquals([rights.left(0), rights.spent, rights.take(0)], [512, 199_744, "a.c199745"]);
  assertEquals([takeAll(rights).length, rights.spent, rights.left(0)], [511, 200_000, 0]);
});
