import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { encodeHeaders } from "../../../src/message/header_block.ts";
import { type HeaderFields, MessageHeaders } from "../../../src/message/headers.ts";
import { pick, printable, seeded } from "../seeded_random.ts";

function encode(type: string | undefined, id: string, fields?: HeaderFields): Uint8Array {
  return encodeHeaders(type, id, fields);
}

function written(type: string | undefined, id: string, fields?: HeaderFields): string {
  return new TextDecoder().decode(encode(type, id, fields));
}

function refusal(name: string, value: unknown): string {
  const fields = { [name]: value } as unknown as HeaderFields;
  return assertThrows(() => encode("text/plain", "id", fields), TypeError).message;
}

Deno.test("encodeHeaders() writes our two headers as they stand on the wire", () => {
  assertStrictEquals(
    written("text/plain", "abc"),
    "NATS/1.0\r\ncontent-type: text/plain\r\ncorrelation_id: abc\r\n\r\n",
  );
});

Deno.test("encodeHeaders() leaves the content type out where there is none", () => {
  assertStrictEquals(written(undefined, "abc"), "NATS/1.0\r\ncorrelation_id: abc\r\n\r\n");
  assertStrictEquals(written(undefined, "abc", {}), "NATS/1.0\r\ncorrelation_id: abc\r\n\r\n");
});

Deno.test("encodeHeaders() writes the same block the short way and the long way", () => {
  for (const type of ["text/plain", "application/json", undefined]) {
    for (const id of ["a", "0123456789", "with blanks", "~!", ""]) {
      assertStrictEquals(written(type, id), written(type, id, {}), `${type} ${id}`);
    }
  }
});

Deno.test("encodeHeaders() takes a correlation id beyond ASCII", () => {
  for (const id of ["Zürich", "\x80", "Ä", "日本"]) {
    assertStrictEquals(written(undefined, id), `NATS/1.0\r\ncorrelation_id: ${id}\r\n\r\n`);
  }
});

Deno.test("encodeHeaders() puts the user's headers after ours", () => {
  assertStrictEquals(
    written("text/plain", "abc", { "X-A": "1", "X-B": ["2", "3"] }),
    "NATS/1.0\r\ncontent-type: text/plain\r\ncorrelation_id: abc\r\nX-A: 1\r\nX-B: 2\r\nX-B: 3\r\n\r\n",
  );
});

Deno.test("encodeHeaders() lets the user's header replace ours in any case", () => {
  for (const name of ["content-type", "Content-Type", "CONTENT-TYPE"]) {
    const headers = MessageHeaders.parse(encode("text/plain", "abc", { [name]: "x/y" }));
    assertEquals([...headers], [["correlation_id", "abc"], [name, "x/y"]]);
  }
  for (const name of ["correlation_id", "Correlation_ID"]) {
    const headers = MessageHeaders.parse(encode("text/plain", "abc", [[name, "mine"]]));
    assertEquals([...headers], [["content-type", "text/plain"], [name, "mine"]]);
  }
});

Deno.test("encodeHeaders() refuses a name that would break the block apart", () => {
  for (const name of ["", "a b", "a:b", "a\r\nb", "a\n", "\0", "ü", "a\t", "\x7f"]) {
    assertStrictEquals(
      refusal(name, "v"),
      `Cannot send a header as its name must be printable ASCII without ":": ${
        JSON.stringify(name)
      }`,
    );
  }
});

Deno.test("encodeHeaders() refuses a value that would break the block apart", () => {
  for (const value of ["a\r\nX-Injected: 1", "\n", "\r", "a\0b", "a\r\n\r\nbody"]) {
    assertStrictEquals(
      refusal("X-A", value),
      `Cannot send the header "X-A" as its value must be one line of text: ${
        JSON.stringify(value)
      }`,
    );
  }
});

Deno.test("encodeHeaders() refuses a value that is no text", () => {
  for (const value of [5, null, undefined, {}, true, [5], [["a"]]]) {
    const sentence = refusal("X-A", value);
    assertStrictEquals(
      sentence.split(": ")[0],
      `Cannot send the header "X-A" as its value must be one line of text`,
    );
  }
});

Deno.test("encodeHeaders() refuses one wrong value of several, and a wrong pair", () => {
  assertThrows(() => encode(undefined, "id", { a: ["fine", "not\nfine"] }), TypeError);
  assertThrows(() => encode(undefined, "id", [["fine", "1"], ["not fine", "2"]]), TypeError);
});

Deno.test("encodeHeaders() remembers nothing of the message before", () => {
  written("text/plain", "a-long-correlation-id", { "X-A": "1" });
  assertStrictEquals(
    written("text/plain", "b"),
    "NATS/1.0\r\ncontent-type: text/plain\r\ncorrelation_id: b\r\n\r\n",
  );
  const [first, second] = [encode("text/plain", "a", undefined), written("text/plain", "b")];
  assertStrictEquals(new TextDecoder().decode(first).includes(": a\r\n"), true);
  assertStrictEquals(second.includes(": b\r\n"), true);
});

Deno.test("MessageHeaders.parse() gives back whatever encodeHeaders() was given", () => {
  const random = seeded(4);
  for (let run = 0; run < 1_000; run++) {
    const fields = Array.from({ length: random(5) }, () => {
      const value = printable(random, 1 + random(20)) + pick(random, ["", " x", ":", "é", "😀"]);
      return [`x-${printable(random, 1 + random(8), ":")}`, value] as const;
    });
    const id = printable(random, 1 + random(30));
    const headers = MessageHeaders.parse(encode("text/plain", id, fields));
    const ours = [["content-type", "text/plain"], ["correlation_id", id]] as const;
    assertEquals([...headers], [...ours, ...fields]);
  }
});
