import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { EncodeError } from "../../../src/errors.ts";
import { ReceivedMessage } from "../../../src/message/message.ts";
import { compose } from "../../../src/message/outgoing.ts";

const correlationId = "id";

Deno.test("compose() makes a message that arrives as what was sent", () => {
  const bodies = ["text", "", "12", new Uint8Array([49, 50]), null, 12, { a: [1] }, undefined];
  for (const body of bodies) {
    const message = new ReceivedMessage(compose("a", body, { correlationId }, true));
    assertEquals(message.body, body);
    assertStrictEquals(message.correlationId, "id");
  }
});

Deno.test("compose() fills in subject, address of reply and headers", () => {
  const envelope = { headers: { "X-A": "1" }, replyTo: "_INBOX.r", correlationId };
  const message = new ReceivedMessage(compose("orders", "x", envelope, true));
  assertEquals([message.subject, message.replyTo], ["orders", "_INBOX.r"]);
  assertEquals([...message.headers], [
    ["content-type", "text/plain"],
    ["correlation_id", "id"],
    ["X-A", "1"],
  ]);
});

Deno.test("compose() has no address of reply where none is given", () => {
  assertStrictEquals(compose("a", "", { correlationId }, true).replyTo, "");
  assertStrictEquals(compose("a", "", { correlationId, replyTo: undefined }, true).replyTo, "");
});

Deno.test("compose() lets the user's content type stand", () => {
  const headers = { "Content-Type": "application/json" };
  const message = new ReceivedMessage(compose("a", "[1]", { headers, correlationId }, true));
  assertEquals(message.headers.values("content-type"), ["application/json"]);
  assertEquals(message.body, [1]);
});

Deno.test("compose() leaves our headers out for a server without headers", () => {
  const { data, headerBlock } = compose("a", "x", { correlationId }, false);
  assertEquals([data, headerBlock], [new Uint8Array([120]), undefined]);
});

Deno.test("compose() refuses the user's headers for a server without headers", () => {
  const { message } = assertThrows(
    () => compose("a", "x", { headers: { a: "b" }, correlationId }, false),
    TypeError,
  );
  assertEquals(message, "Cannot send headers as the server must support them: it does not");
});

Deno.test("compose() refuses a body that cannot be encoded, and a header that would be injected", () => {
  assertThrows(() => compose("a", 1n, { correlationId }, true), EncodeError);
  assertThrows(
    () => compose("a", "", { headers: { a: "b\r\nc: d" }, correlationId }, true),
    TypeError,
  );
});
