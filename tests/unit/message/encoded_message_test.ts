import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { EncodeError } from "../../../src/errors.ts";
import { ReceivedMessage } from "../../../src/message/message.ts";
import { age, encodeMessage } from "../../../src/message/encoded_message.ts";

const correlationId = "id";

Deno.test("encodeMessage() makes a message that arrives as what was sent", () => {
  const bodies = ["text", "", "12", new Uint8Array([49, 50]), null, 12, { a: [1] }, undefined];
  for (const body of bodies) {
    const message = new ReceivedMessage(encodeMessage("a", body, { correlationId }, true));
    assertEquals(message.body, body);
    assertStrictEquals(message.correlationId, "id");
  }
});

Deno.test("encodeMessage() fills in subject, reply address and headers", () => {
  const envelope = { headers: { "X-A": "1" }, replyTo: "_INBOX.r", correlationId };
  const message = new ReceivedMessage(encodeMessage("orders", "x", envelope, true));
  assertEquals([message.subject, message.replyTo], ["orders", "_INBOX.r"]);
  assertEquals([...message.headers], [
    ["content-type", "text/plain"],
    ["correlation_id", "id"],
    ["X-A", "1"],
  ]);
});

Deno.test("encodeMessage() has no reply address where none is given", () => {
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
  assertEquals(message, "Cannot send headers as the server must support them");
});

Deno.test("encodeMessage() refuses a body that cannot be encoded, and a header that would be injected", () => {
  assertThrows(() => encodeMessage("a", 1n, { correlationId }, true), EncodeError);
  assertThrows(
    () => encodeMessage("a", "", { headers: { a: "b\r\nc: d" }, correlationId }, true),
    TypeError,
  );
});

Deno.test("age() takes the time that has passed off the time left, and nothing else", () => {
  const envelope = { headers: { "X-A": "ä", "x-b": "2" }, correlationId, timeLeft: 2_000 };
  const given = encodeMessage("a", "x", envelope, true);
  age(given, 1_500.4);
  const later = new ReceivedMessage(given);
  assertEquals([...later.headers], [
    ["content-type", "text/plain"],
    ["correlation_id", "id"],
    ["Signalbox-Time-Left", "500"],
    ["X-A", "ä"],
    ["x-b", "2"],
  ]);
  assertStrictEquals(later.body, "x");
});

Deno.test("age() goes on from there, down to nothing", () => {
  const given = encodeMessage("a", "x", { correlationId, timeLeft: 100 }, true);
  const left = () => new ReceivedMessage(given).headers.get("signalbox-time-left");
  for (let time = 0; time < 2; time++) age(given, 30);
  assertStrictEquals(left(), "40");
  age(given, 90);
  assertStrictEquals(left(), "0");
});

Deno.test("age() lets the user's own time stand, and all that has none", () => {
  const headers = { "signalbox-time-left": "7" };
  const own = encodeMessage("a", "x", { headers, correlationId, timeLeft: 100 }, true);
  age(own, 50);
  assertStrictEquals(new ReceivedMessage(own).headers.get("signalbox-time-left"), "7");
  for (const [timeLeft, hasHeaders] of [[undefined, true], [100, false]] as const) {
    const given = encodeMessage("a", "x", { correlationId, timeLeft }, hasHeaders);
    const before = { ...given };
    age(given, 50);
    assertEquals(given, before);
  }
});
