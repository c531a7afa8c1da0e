import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import {
  encodeHeaders,
  type HeaderFields,
  isHeaderValue,
  MessageHeaders,
} from "../../../src/message/headers.ts";
import { pick, printable, seeded } from "../seeded_random.ts";

function encode(
  contentType: string | undefined,
  correlationId: string,
  fields?: HeaderFields,
  timeLeft?: number,
): Uint8Array {
  return encodeHeaders({ contentType, correlationId, timeLeft }, fields);
}

function written(...given: Parameters<typeof encode>): string {
  return new TextDecoder().decode(encode(...given));
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

Deno.test("encodeHeaders() writes the time left where there is some, 0 included", () => {
  const beginning = "NATS/1.0\r\ncorrelation_id: abc\r\n";
  for (const timeLeft of [0, 1, 5_000]) {
    const block = `${beginning}Signalbox-Time-Left: ${timeLeft}\r\n\r\n`;
    assertStrictEquals(written(undefined, "abc", undefined, timeLeft), block);
    assertStrictEquals(written(undefined, "abc", {}, timeLeft), block);
  }
  const own = written(undefined, "abc", { "signalbox-time-left": "9" }, 5);
  assertStrictEquals(own, `${beginning}Signalbox-Time-Left: 9\r\n\r\n`);
});

Deno.test("encodeHeaders() writes the same block the short way and the long way", () => {
  for (const type of ["text/plain", "application/json", undefined]) {
    for (const id of ["a", "0123456789", "with blanks", "~!", "a\tb", ""]) {
      for (const timeLeft of [undefined, 7]) {
        const short = written(type, id, undefined, timeLeft);
        assertStrictEquals(short, written(type, id, {}, timeLeft), `${type} ${id}`);
      }
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

Deno.test("encodeHeaders() lets the user's header replace ours in any case, and spells it as ours", () => {
  for (const name of ["content-type", "Content-Type", "CONTENT-TYPE"]) {
    const headers = MessageHeaders.parse(encode("text/plain", "abc", { [name]: "x/y" }));
    assertEquals([...headers], [["correlation_id", "abc"], ["content-type", "x/y"]]);
  }
  for (const name of ["correlation_id", "Correlation_ID"]) {
    const headers = MessageHeaders.parse(encode("text/plain", "abc", [[name, "mine"]]));
    assertEquals([...headers], [["content-type", "text/plain"], ["correlation_id", "mine"]]);
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

Deno.test("encodeHeaders() refuses a correlation id that would break the block apart", () => {
  for (const id of ["a\r\nX-Injected: 1", "a\nX: 1", "a\r", "\n", "a\0", "é\nX: 1"]) {
    const sentence =
      `Cannot send the header "correlation_id" as its value must be one line of text`;
    for (const fields of [undefined, {}, { a: "b" }]) {
      const { message } = assertThrows(() => encode("text/plain", id, fields), TypeError);
      assertStrictEquals(message, `${sentence}: ${JSON.stringify(id)}`);
    }
  }
});

Deno.test("encodeHeaders() has no use for an id that the user's header replaces", () => {
  const headers = MessageHeaders.parse(encode(undefined, "a\nX: 1", { Correlation_Id: "mine" }));
  assertEquals([...headers], [["correlation_id", "mine"]]);
});

Deno.test("isHeaderValue() holds for one line of text, an empty one included", () => {
  for (const value of ["", "a", "é", "a\tb"]) assert(isHeaderValue(value));
  for (const value of ["\n", "a\r", "\0", 5, null, undefined, ["a"]]) {
    assertFalse(isHeaderValue(value), JSON.stringify(value));
  }
});

Deno.test("encodeHeaders() refuses a value that is no text", () => {
  for (const value of [5, 5n, null, undefined, {}, true, [5], [["a"]]]) {
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
