import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { EncodeError } from "../../../src/errors.ts";
import { ReceivedMessage } from "../../../src/message/message.ts";
import { encodeMessage, type Outgoing, waited } from "../../../src/message/outgoing.ts";

const correlationId = "id";

Deno.test("encodeMessage() makes a message that arrives as what was sent", () => {
  const bodies = ["text", "", "12", new Uint8Array([49, 50]), null, 12, { a: [1] }, undefined];
  for (const body of bodies) {
    const message = new ReceivedMessage(encodeMessage("a", body, { correlationId }, true));
    assertEquals(message.body, body);
    assertStrictEquals(message.correlationId, "id");
  }
});

Deno.test("encodeMessage() fills in subject, address of reply and headers", () => {
  const envelope = { headers: { "X-A": "1" }, replyTo: "_INBOX.r", correlationId };
  const message = new ReceivedMessage(encodeMessage("orders", "x", envelope, true));
  assertEquals([message.subject, message.replyTo], ["orders", "_INBOX.r"]);
  assertEquals([...message.headers], [
    ["content-type", "text/plain"],
    ["correlation_id", "id"],
    ["X-A", "1"],
  ]);
});

Deno.test("encodeMessage() has no address of reply where none is given", () => {
  assertStrictEquals(encodeMessage("a", "", { correlationId }, true).replyTo, "");
  assertStrictEquals(
    encodeMessage("a", "", { correlationId, replyTo: undefined }, true).replyTo,
    "",
  );
});

Deno.test("encodeMessage() lets the user's content type stand", () => {
  const headers = { "Content-Type": "application/json" };
  const message = new ReceivedMessage(encodeMessage("a", "[1]", { headers, correlationId }, true));
  assertEquals(message.headers.values("content-type"), ["application/json"]);
  assertEquals(message.body, [1]);
});

Deno.test("encodeMessage() leaves our headers out for a server without headers", () => {
  const { data, headerBlock } = encodeMessage("a", "x", { correlationId }, false);
  assertEquals([data, headerBlock], [new Uint8Array([120]), undefined]);
});

Deno.test("encodeMessage() refuses the user's headers for a server without headers", () => {
  const { message } = assertThrows(
    () => encodeMessage("a", "x", { headers: { a: "b" }, correlationId }, false),
    TypeError,
  );
  assertEquals(message, "Cannot send headers as the server must support them: it does not");
});

Deno.test("encodeMessage() refuses a body that cannot be encoded, and a header that would be injected", () => {
  assertThrows(() => encodeMessage("a", 1n, { correlationId }, true), EncodeError);
  assertThrows(
    () => encodeMessage("a", "", { headers: { a: "b\r\nc: d" }, correlationId }, true),
    TypeError,
  );
});

Deno.test("waited() takes the time that has passed off the time left, and nothing else", () => {
  const envelope = { headers: { "X-A": "ä", "x-b": "2" }, correlationId, timeLeft: 2_000 };
  const given = encodeMessage("a", "x", envelope, true);
  const before = given.headerBlock!.slice();
  const later = new ReceivedMessage(waited(given, 1_500.4));
  assertEquals([...later.headers], [
    ["content-type", "text/plain"],
    ["correlation_id", "id"],
    ["Signalbox-Time-Left", "500"],
    ["X-A", "ä"],
    ["x-b", "2"],
  ]);
  assertStrictEquals(later.body, "x");
  assertEquals(given.headerBlock, before);
});

Deno.test("waited() goes on from there, down to nothing", () => {
  const given = encodeMessage("a", "x", { correlationId, timeLeft: 100 }, true);
  const left = (outgoing: Outgoing) =>
    new ReceivedMessage(outgoing).headers.get("signalbox-time-left");
  const twice = waited(waited(given, 30), 30);
  assertEquals([left(twice), left(waited(twice, 90))], ["40", "0"]);
});

Deno.test("waited() lets the user's own time stand, and all that has none", () => {
  const headers = { "signalbox-time-left": "7" };
  const own = encodeMessage("a", "x", { headers, correlationId, timeLeft: 100 }, true);
  assertStrictEquals(new ReceivedMessage(waited(own, 50)).headers.get("signalbox-time-left"), "7");
  const published = encodeMessage("a", "x", { correlationId }, true);
  assertStrictEquals(waited(published, 50), published);
  const bare = encodeMessage("a", "x", { correlationId, timeLeft: 100 }, false);
  assertStrictEquals(waited(bare, 50), bare);
});
