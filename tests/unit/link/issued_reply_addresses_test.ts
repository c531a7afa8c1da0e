import { assertEquals, assertStrictEquals } from "@std/assert";
import { IssuedReplyAddresses } from "../../../src/link/machine/send_permits.ts";

/** Gives from this serial on, until there is enough. */
function supply(issued: IssuedReplyAddresses, from: number): number {
  let serial = from;
  for (; issued.isShort && serial < 1_000; serial++) issued.give(serial);
  return serial - from;
}

Deno.test("IssuedReplyAddresses is never short of what nobody counts", () => {
  const issued = new IssuedReplyAddresses(0, 1_000);
  issued.use(1);
  issued.void(1e15);
  assertStrictEquals(issued.isShort, false);
});

Deno.test("IssuedReplyAddresses gives for the window and four more, and no more than 36", () => {
  const needed = [1, 4, 32, 33, 100_000].map((window) =>
    supply(new IssuedReplyAddresses(1, window), 1)
  );
  assertEquals(needed, [5, 8, 36, 36, 36]);
});

Deno.test("IssuedReplyAddresses gives two addresses at least, however good one is", () => {
  assertEquals([16, 1_000].map((responses) => supply(new IssuedReplyAddresses(responses, 1), 1)), [
    2,
    2,
  ]);
});

Deno.test("IssuedReplyAddresses needs another where one was used up, by as many messages as it was good for", () => {
  const issued = new IssuedReplyAddresses(2, 2);
  assertStrictEquals(supply(issued, 1), 3);
  issued.use(1);
  assertStrictEquals(issued.isShort, false);
  issued.use(1);
  assertStrictEquals(supply(issued, 4), 1);
});

Deno.test("IssuedReplyAddresses counts no message to an address that it never gave, or that is used up", () => {
  const issued = new IssuedReplyAddresses(1, 1);
  supply(issued, 1);
  issued.use(99);
  assertStrictEquals(issued.isShort, false);
  issued.use(1);
  supply(issued, 6);
  issued.use(1);
  issued.use(-1);
  issued.use(NaN);
  assertStrictEquals(issued.isShort, false);
});

Deno.test("IssuedReplyAddresses.void() takes off all up to a serial, what was used of them counted once", () => {
  const issued = new IssuedReplyAddresses(1, 1);
  assertStrictEquals(supply(issued, 1), 5);
  issued.use(2);
  issued.void(3);
  assertStrictEquals(supply(issued, 6), 3);
  issued.void(3);
  assertStrictEquals(issued.isShort, false);
  issued.void(1e15);
  assertStrictEquals(supply(issued, 9), 5);
});
