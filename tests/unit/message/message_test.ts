import {
  assert,
  assertEquals,
  assertFalse,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { DecodeError } from "../../../src/errors.ts";
import { ReceivedMessage } from "../../../src/message/message.ts";
import type { RawMessage } from "../../../src/message/raw_message.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function packet(body: string, headers?: string, replyTo = ""): RawMessage {
  const headerBlock = headers === undefined ? undefined : encode(`NATS/1.0\r\n${headers}\r\n\r\n`);
  return { subject: "orders.1", replyTo, data: encode(body), headerBlock };
}

Deno.test("ReceivedMessage.body is decoded by the content type, its name in any case", () => {
  for (const name of ["content-type", "Content-Type", "CONTENT-TYPE"]) {
    assertStrictEquals(new ReceivedMessage(packet("12", `${name}: text/plain`)).body, "12");
    assertStrictEquals(new ReceivedMessage(packet("12", `${name}: application/json`)).body, 12);
  }
});

Deno.test("ReceivedMessage.body is bytes for an empty content type, as FastStream sends them", () => {
  const message = new ReceivedMessage(packet("12", "content-type: \r\ncorrelation_id: x"));
  assertEquals(message.body, encode("12"));
});

Deno.test("ReceivedMessage.body is guessed where no content type came", () => {
  assertStrictEquals(new ReceivedMessage(packet("12")).body, 12);
  assertStrictEquals(new ReceivedMessage(packet("12", "x: y")).body, 12);
  assertStrictEquals(new ReceivedMessage(packet("hello")).body, "hello");
  assertStrictEquals(new ReceivedMessage(packet("")).body, undefined);
});

Deno.test("ReceivedMessage.body is decoded once", () => {
  const message = new ReceivedMessage(packet("{}"));
  assertStrictEquals(message.body, message.body);
});

Deno.test("ReceivedMessage.body throws each time it is read, and nothing before it is read", () => {
  const message = new ReceivedMessage(packet("{", "content-type: application/json"));
  assertEquals(message.data, encode("{"));
  assertStrictEquals(message.headers.get("content-type"), "application/json");
  for (let time = 0; time < 2; time++) assertThrows(() => message.body, DecodeError);
});

Deno.test("ReceivedMessage.data is the packet's own bytes", () => {
  const one = packet("x");
  assertStrictEquals(new ReceivedMessage(one).data, one.data);
});

Deno.test("ReceivedMessage.headers is empty where no header came, and read once", () => {
  assertEquals([...new ReceivedMessage(packet("")).headers], []);
  const message = new ReceivedMessage(packet("", "a: b"));
  assertStrictEquals(message.headers, message.headers);
});

Deno.test("ReceivedMessage.replyTo is undefined where no answer is wanted", () => {
  assertStrictEquals(new ReceivedMessage(packet("")).replyTo, undefined);
  assertStrictEquals(new ReceivedMessage(packet("", undefined, "_INBOX.a")).replyTo, "_INBOX.a");
});

Deno.test("ReceivedMessage.correlationId is the header's, undefined if the sender gave none", () => {
  assertStrictEquals(new ReceivedMessage(packet("")).correlationId, undefined);
  assertStrictEquals(new ReceivedMessage(packet("", "Correlation_Id: 7")).correlationId, "7");
});

Deno.test("ReceivedMessage.correlationId is undefined where the header's could not be sent on", () => {
  for (const id of ["a\rX: 1", "a\0b"]) {
    const message = new ReceivedMessage(packet("", `correlation_id: ${id}`));
    assertEquals([message.correlationId, message.headers.get("correlation_id")], [undefined, id]);
  }
});

Deno.test("ReceivedMessage.params is what the pattern found, else empty and frozen", () => {
  const params = { id: "1" };
  assertStrictEquals(new ReceivedMessage(packet(""), { params }).params, params);
  const none = new ReceivedMessage(packet("")).params;
  assertEquals(none, {});
  assert(Object.isFrozen(none));
});

Deno.test("ReceivedMessage.signal is asked for when it is read, and never aborts without one", () => {
  let asked = 0;
  const { signal } = new AbortController();
  const message = new ReceivedMessage(packet(""), { signal: () => (asked++, signal) });
  assertStrictEquals(asked, 0);
  assertStrictEquals(message.signal, signal);
  assertFalse(new ReceivedMessage(packet("")).signal.aborted);
});

Deno.test("ReceivedMessage.signal is each message's own where nobody could abort it", () => {
  const [one, other] = [new ReceivedMessage(packet("")), new ReceivedMessage(packet(""))];
  assertStrictEquals(one.signal, one.signal);
  assertNotStrictEquals(one.signal, other.signal);
  assertStrictEquals(one.withBody(1).signal, one.signal);
});

Deno.test("ReceivedMessage.state is one object for a message, and none of another's", () => {
  const [one, other] = [new ReceivedMessage(packet("")), new ReceivedMessage(packet(""))];
  one.state.user = "ada";
  assertEquals([one.state, other.state], [{ user: "ada" }, {}]);
  assertStrictEquals(one.withBody(1).state, one.state);
});

Deno.test("ReceivedMessage.withBody() is the same message with another body", () => {
  const params = { id: "1" };
  const message = new ReceivedMessage(packet("12", "a: b", "_INBOX.a"), { params });
  const other = message.withBody("made");
  assertEquals(
    [other.body, other.subject, other.replyTo, other.headers.get("a"), other.params],
    ["made", "orders.1", "_INBOX.a", "b", params],
  );
  assertStrictEquals(message.body, 12);
});

Deno.test("ReceivedMessage.withBody() keeps a body that counts as false", () => {
  const message = new ReceivedMessage(packet("12"));
  for (const body of [undefined, null, 0, "", false]) {
    assertStrictEquals(message.withBody(body).body, body);
  }
});

Deno.test("ReceivedMessage shows in a log what it holds", () => {
  const shown = (message: unknown) =>
    Deno.inspect(message, { compact: true, breakLength: Infinity });
  assertStrictEquals(
    shown(new ReceivedMessage(packet('{"a":1}', "X-A: 1", "r"), { params: { id: "1" } })),
    'Message { subject: "orders.1", params: { id: "1" }, ' +
      'headers: MessageHeaders [ [ "X-A", "1" ] ], replyTo: "r", body: { a: 1 } }',
  );
  assertStringIncludes(
    shown(new ReceivedMessage(packet("{", "content-type: application/json"))),
    'body: "DecodeError: Cannot decode the body',
  );
});
