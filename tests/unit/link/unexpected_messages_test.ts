import { assertEquals, assertStrictEquals } from "@std/assert";
import { RefusalCount, silentSubject } from "../../../src/link/ends/unexpected_messages.ts";

function packet(headers?: string) {
  const headerBlock = headers === undefined ? undefined : new TextEncoder().encode(headers);
  return { subject: "a", replyTo: "", data: new Uint8Array(0), headerBlock };
}

Deno.test("silentSubject() reads where a message found nobody, and nothing of an older server", () => {
  const named = packet("NATS/1.0 503\r\nNats-Subject: _SHOP.x.o1\r\n\r\n");
  assertEquals(silentSubject(named), "_SHOP.x.o1");
  assertStrictEquals(silentSubject(packet("NATS/1.0 503\r\n\r\n")), undefined);
  assertStrictEquals(silentSubject(packet()), undefined);
});

Deno.test("RefusalCount bears 16 in a row where addresses are counted, and counts anew after a calm", () => {
  const refusals = new RefusalCount(true);
  const bears = (now: number) => Array.from({ length: 17 }, () => refusals.isBearable(now));
  assertEquals(bears(0), [...Array(16).fill(true), false]);
  assertEquals(bears(5_001), [...Array(16).fill(true), false]);
});

Deno.test("RefusalCount bears none where a refusal is for good", () => {
  assertEquals(new RefusalCount(false).isBearable(0), false);
});
