import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { InvalidSubjectError, RemoteError } from "../../../src/errors.ts";
import { ReceivedMessage } from "../../../src/message/message.ts";
import { encodeMessage } from "../../../src/message/encoded_message.ts";
import {
  errorReply,
  remoteErrorOf,
  Reply,
  reply,
  type ReplyOptions,
} from "../../../src/message/reply.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function answer(headers: string, body = ""): ReceivedMessage {
  const headerBlock = encode(`NATS/1.0\r\n${headers}\r\n\r\n`);
  return new ReceivedMessage({ subject: "r", replyTo: "", data: encode(body), headerBlock });
}

Deno.test("errorReply() has the two headers of ADR-32 and repeats them in its body", () => {
  assertEquals(errorReply(404, "No such order"), {
    headers: { "Nats-Service-Error-Code": "404", "Nats-Service-Error": "No such order" },
    body: { code: 404, description: "No such order" },
  });
});

Deno.test("errorReply() has the data as its body where there is some", () => {
  for (const data of [{ id: 1 }, [], "text", 0, "", false, null]) {
    assertEquals(errorReply(400, "x", data).body, data);
  }
});

Deno.test("errorReply() makes one line of any text", () => {
  const lineOf = (text: string) =>
    (errorReply(500, text).headers as Record<string, string>)["Nats-Service-Error"];
  assertStrictEquals(lineOf("two\r\nlines"), "two lines");
  assertStrictEquals(lineOf("a\n\n\nb\0c\rd"), "a b c d");
  assertStrictEquals(lineOf(" padded\n"), "padded");
  for (const empty of ["", " ", "\r\n"]) assertStrictEquals(lineOf(empty), "Error");
});

Deno.test("remoteErrorOf() reads what errorReply() made, whatever its text", () => {
  for (
    const text of [
      "plain",
      "Zürich 😀",
      "a\r\nNats-Service-Error-Code: 1",
      "a: b",
      "x".repeat(5_000),
    ]
  ) {
    const { headers, body } = errorReply(422, text, { n: 1 });
    const outgoing = encodeMessage("_INBOX.r", body, { headers, correlationId: "id" }, true);
    const error = remoteErrorOf("orders", new ReceivedMessage(outgoing));
    assertInstanceOf(error, RemoteError);
    assertEquals([error.subject, error.code, error.data], ["orders", 422, { n: 1 }]);
    assertStrictEquals(error.description, text.slice(0, 1_024).replace("\r\n", " "));
  }
});

Deno.test("remoteErrorOf() gives nothing for an answer that is a value", () => {
  assertStrictEquals(remoteErrorOf("a", answer("content-type: text/plain", "500")), undefined);
  assertStrictEquals(remoteErrorOf("a", answer("Nats-Service: x")), undefined);
});

Deno.test("remoteErrorOf() takes either header alone, in any case", () => {
  const text = remoteErrorOf("a", answer("nats-service-error: gone"));
  assertEquals([text?.code, text?.description], [0, "gone"]);
  const code = remoteErrorOf("a", answer("NATS-SERVICE-ERROR-CODE: 503"));
  assertEquals([code?.code, code?.description], [503, ""]);
});

Deno.test("remoteErrorOf() takes a code that is no number for 0", () => {
  for (const code of ["", "abc", "NaN", "-"]) {
    assertStrictEquals(remoteErrorOf("a", answer(`Nats-Service-Error-Code: ${code}`))?.code, 0);
  }
});

Deno.test("remoteErrorOf() gives the body as data, undefined where there is none", () => {
  const headers = "Nats-Service-Error-Code: 400";
  assertEquals(remoteErrorOf("a", answer(headers, '{"a":1}'))?.data, { a: 1 });
  assertStrictEquals(remoteErrorOf("a", answer(headers))?.data, undefined);
});

Deno.test("remoteErrorOf() gives a body that does not decode as its bytes", () => {
  const headers = "Nats-Service-Error-Code: 400\r\ncontent-type: application/json";
  assertEquals(remoteErrorOf("a", answer(headers, "{"))?.data, encode("{"));
});

Deno.test("reply() keeps the body and what goes with it", () => {
  const options = { headers: { a: "b" }, replyTo: "next" };
  const made = reply("page", options);
  assertInstanceOf(made, Reply);
  assertEquals([made.body, made.options], ["page", options]);
  assertEquals(reply(undefined).options, {});
});

Deno.test("reply() refuses wrong options, and an address nobody could publish to", () => {
  const wrong = (options: unknown) => reply("x", options as ReplyOptions);
  assertThrows(
    () => wrong({ headers: "a" }),
    TypeError,
    `Cannot reply as "headers" must be an object`,
  );
  assertThrows(() => wrong({ replyTo: 5 }), TypeError, `"replyTo" must be a subject`);
  assertThrows(() => wrong({ correlationId: "a" }), TypeError, "must be one of headers, replyTo");
  assertThrows(() => wrong({ replyTo: "a.*" }), InvalidSubjectError);
});
