import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { RemoteError, ReplyError } from "../../../src/errors.ts";
import {
  COMPLETE,
  encodeEnding,
  type EndDetails,
  errorOf,
  leaving,
  readEnding,
} from "../../../src/link/frames/control_frames.ts";
import { LinkError } from "../../../src/link/link_error.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const over = (ending: EndDetails) => readEnding(encodeEnding(ending, "id"));

function read(headers: string, body: string | Uint8Array = ""): EndDetails {
  const data = typeof body === "string" ? encode(body) : body;
  return readEnding({ data, headerBlock: encode(`NATS/1.0\r\n${headers}\r\n\r\n`) });
}

Deno.test("encodeEnding() has no words for what is complete", () => {
  assertEquals(encodeEnding(COMPLETE, "id"), { data: new Uint8Array(0), headerBlock: undefined });
  assertStrictEquals(over(COMPLETE), COMPLETE);
});

Deno.test("readEnding() reads each reason that encodeEnding() writes, with its words", () => {
  const reasons = ["cancelled", "deadline", "idle", "peer-gone", "gap", "shutting-down"] as const;
  for (const reason of reasons) {
    for (const description of [undefined, "", "no,\r\nreally: é"]) {
      assertEquals(over({ reason, description }), { reason, description }, reason);
    }
  }
});

Deno.test("readEnding() reads an error with its code, its text and its data", () => {
  const ending: EndDetails = {
    reason: "error",
    code: 413,
    description: "too much",
    data: { most: 7 },
  };
  assertEquals(over(ending), ending);
  const { data, ...others } = over({ reason: "error", code: 500, description: "a\r\nb" });
  assertEquals(others, { reason: "error", code: 500, description: "a b" });
  assertEquals(data, { code: 500, description: "a b" });
});

Deno.test("encodeEnding() does not send what is for this side's program alone", () => {
  const error = new Error("inner");
  const { data, headerBlock } = encodeEnding({ reason: "gap", error }, "id");
  const text = new TextDecoder().decode(headerBlock) + new TextDecoder().decode(data);
  assertStrictEquals(text.includes("inner"), false);
});

Deno.test("readEnding() reads the reasons of an older peer, which have a blank", () => {
  const description = "no answer";
  assertEquals(read("Signalbox-End: peer gone", description), { reason: "peer-gone", description });
  const { reason, code } = read("Nats-Service-Error-Code: 503\r\nSignalbox-End: shutting down");
  assertEquals([reason, code], ["shutting-down", 503]);
  assertStrictEquals(read("Signalbox-End: shutting  down").reason, "cancelled");
});

Deno.test("readEnding() takes a reason that it does not know for the nearest", () => {
  const code = "Nats-Service-Error-Code: 9\r\n";
  assertEquals(read("Signalbox-End: bored"), { reason: "cancelled", description: undefined });
  assertStrictEquals(read(`${code}Signalbox-End: bored`).reason, "error");
  assertStrictEquals(read("a: b").reason, "cancelled");
  for (const name of ["constructor", "__proto__", "Complete", ""]) {
    assertStrictEquals(read(`Signalbox-End: ${name}`).reason, "cancelled", name);
  }
});

Deno.test("readEnding() reads what is no number as the code 0", () => {
  for (const code of ["", "x", "NaN", "Infinity", "٣"]) {
    const { reason, code: found } = read(`Nats-Service-Error-Code: ${code}`);
    assertEquals([reason, found], ["error", 0], code);
  }
  const { code, rawCode } = read("Nats-Service-Error-Code: 7x");
  assertEquals([code, rawCode], [0, "7x"]);
});

Deno.test("readEnding() throws for nothing: a body that does not decode is given as its bytes", () => {
  const bytes = Uint8Array.of(0xff, 0xfe);
  const headers = "Nats-Service-Error-Code: 1\r\ncontent-type: application/json";
  assertEquals(read(headers, bytes).data, bytes);
  assertEquals(read("content-type: text/plain", bytes).description, undefined);
  assertEquals(readEnding({ data: bytes, headerBlock: bytes }).reason, "cancelled");
  assertEquals(readEnding({ data: bytes, headerBlock: new Uint8Array(0) }).reason, "cancelled");
});

Deno.test("errorOf() is the program's own error, the other side's, or says how it ended", () => {
  const error = new TypeError("own");
  assertStrictEquals(errorOf({ reason: "error", code: 1, error }, "read", "a"), error);
  const remote = errorOf({ reason: "error", code: 7, description: "no", data: [1] }, "read", "a");
  assertInstanceOf(remote, RemoteError);
  assertEquals([remote.code, remote.data, remote.subject], [7, [1], "a"]);
  const told = errorOf({ reason: "gap", description: "so" }, "read", "a.b");
  assertInstanceOf(told, LinkError);
  assertEquals([told.reason, told.description, told.subject], ["gap", "so", "a.b"]);
  assertStrictEquals(told.message.startsWith('Cannot read "a.b" as '), true);
});

Deno.test("errorOf() gives null where the program left with it, as it is no undefined", () => {
  assertStrictEquals(errorOf({ reason: "cancelled", error: null }, "read", "a"), null);
});

Deno.test("leaving() tells an error's text only if it was made for the other side", () => {
  const data = { a: 1 };
  assertEquals(leaving(new ReplyError(404, "none", data)), {
    reason: "error",
    code: 404,
    description: "none",
    data,
  });
  assertEquals(leaving("enough"), { reason: "cancelled", description: "enough" });
  for (const reason of [new Error("secret"), undefined, null, 7, { description: "x" }]) {
    assertEquals(leaving(reason), { reason: "cancelled", description: undefined });
  }
});
