import { assertEquals, assertStrictEquals } from "@std/assert";
import { SendPermits } from "../../../src/link/machine/send_permits.ts";

const limited = (max: number, expires = 1_000) => new SendPermits({ max, expires });
const takeAll = (permits: SendPermits, now = 0) =>
  Array.from({ length: permits.remaining(now) }, () => permits.take(now));

Deno.test("SendPermits has nothing before the first address, limited or not", () => {
  for (const permits of [new SendPermits(undefined), limited(2)]) {
    assertEquals([permits.remaining(0), permits.take(0), permits.spent], [0, undefined, 0]);
  }
});

Deno.test("SendPermits stays with the first address where nothing is limited, for ever", () => {
  const permits = new SendPermits(undefined);
  permits.grant("a", 1, 0);
  permits.grant("b", 2, 0);
  permits.clear();
  assertEquals([permits.remaining(1e12), permits.take(1e12), permits.spent], [Infinity, "a", 0]);
});

Deno.test("SendPermits gives each address so often, the oldest first", () => {
  const permits = limited(2);
  permits.grant("a", 1, 0);
  permits.grant("b", 2, 0);
  assertEquals([takeAll(permits), permits.take(0)], [["a", "a", "b", "b"], undefined]);
});

Deno.test("SendPermits.spent is the last that was used up, and not one that is still good", () => {
  const permits = limited(2);
  permits.grant("a", 3, 0);
  permits.grant("b", 5, 0);
  permits.take(0);
  assertStrictEquals(permits.spent, 0);
  permits.take(0);
  assertStrictEquals(permits.spent, 3);
  permits.take(0);
  permits.take(0);
  assertStrictEquals(permits.spent, 5);
});

Deno.test("SendPermits passes over a serial that does not rise, as it may have been used already", () => {
  const permits = limited(1);
  permits.grant("a", 5, 0);
  permits.take(0);
  permits.grant("a", 5, 0);
  permits.grant("b", 4, 0);
  assertStrictEquals(permits.remaining(0), 0);
});

Deno.test("SendPermits lets go of an address after 0.8 of its time", () => {
  const permits = limited(1);
  permits.grant("a", 1, 0);
  permits.grant("b", 2, 500);
  assertStrictEquals(permits.remaining(800), 2);
  assertEquals([permits.remaining(801), permits.spent, permits.take(801)], [1, 1, "b"]);
});

Deno.test("SendPermits.take() gives no address that has grown old, though nobody counted before", () => {
  const permits = limited(3);
  permits.grant("a", 1, 0);
  assertStrictEquals(permits.take(5_000), undefined);
});

Deno.test("SendPermits.clear() lets go of all, and takes what comes after", () => {
  const permits = limited(2);
  permits.grant("a", 1, 0);
  permits.grant("b", 9, 0);
  permits.take(0);
  permits.clear();
  assertEquals([permits.remaining(0), permits.spent, permits.take(0)], [0, 9, undefined]);
  permits.grant("b", 9, 0);
  permits.grant("c", 10, 0);
  assertEquals(takeAll(permits), ["c", "c"]);
});

Deno.test("SendPermits keeps the beginning that all addresses have in common once", () => {
  const permits = limited(1);
  permits.grant("_IN.abc.o1", 1, 0);
  permits.grant("_IN.abc.c0002", 2, 0);
  permits.grant("_IN.abc.c123456789012345", 123_456_789_012_345, 0);
  assertEquals(takeAll(permits), ["_IN.abc.o1", "_IN.abc.c0002", "_IN.abc.c123456789012345"]);
});

Deno.test("SendPermits keeps the last 256 addresses of a peer that gives more than can be used", () => {
  const permits = limited(2);
  for (let serial = 1; serial <= 200_000; serial++) permits.grant(`a.c${serial}`, serial, 0);
  assertEquals([permits.remaining(0), permits.spent, permits.take(0)], [512, 199_744, "a.c199745"]);
  assertEquals([takeAll(permits).length, permits.spent, permits.remaining(0)], [511, 200_000, 0]);
});
