import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { DecodeError, EncodeError } from "../../../src/errors.ts";
import { decodeBody, encodeBody } from "../../../src/message/body.ts";
import { pick, printable, type Random, seeded } from "../seeded_random.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (data: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(data);

function roundTrip(body: unknown): unknown {
  const { data, contentType } = encodeBody(body);
  return decodeBody(data, contentType);
}

/** A JSON value of any shape, four levels deep at most. */
function arbitrary(random: Random, depth = 0): unknown {
  const kind = random(depth < 4 ? 7 : 5);
  if (kind === 0) return null;
  if (kind === 1) return random(2) === 0;
  if (kind === 2) return random(2_000_000) / 8 - 1_000;
  if (kind < 5) return printable(random, random(10)) + pick(random, ["", "é", "\n", '"', "😀"]);
  const values = Array.from({ length: random(4) }, () => arbitrary(random, depth + 1));
  if (kind === 5) return values;
  return Object.fromEntries(values.map((value) => [printable(random, 1 + random(5)), value]));
}

Deno.test("encodeBody() sends text as text, bytes as bytes, and all else as JSON", () => {
  const types = ["a", "", new Uint8Array(1), new ArrayBuffer(1), 1, null, true, {}, []].map((
    body,
  ) => encodeBody(body).contentType);
  const [text, bytes, json] = ["text/plain", "application/octet-stream", "application/json"];
  assertEquals(types, [text, text, bytes, bytes, json, json, json, json, json]);
});

Deno.test("encodeBody() writes text as UTF-8 and values as compact JSON", () => {
  assertEquals(encodeBody("é").data, new Uint8Array([0xc3, 0xa9]));
  assertEquals(textOf(encodeBody({ a: [1, null, "x"] }).data), `{"a":[1,null,"x"]}`);
});

Deno.test("encodeBody() sends nothing as nothing, without a content type", () => {
  const { data, contentType } = encodeBody(undefined);
  assertEquals([data.length, contentType], [0, undefined]);
});

Deno.test("encodeBody() takes the part that a view shows of its buffer", () => {
  const buffer = bytesOf("0123456789").buffer;
  assertEquals(textOf(encodeBody(new DataView(buffer, 2, 3)).data), "234");
  assertEquals(textOf(encodeBody(new Uint8Array(buffer, 4, 2)).data), "45");
  assertEquals(textOf(encodeBody(new Uint16Array(buffer, 2, 1)).data), "23");
});

Deno.test("encodeBody() follows toJSON()", () => {
  assertEquals(textOf(encodeBody(new Date(0)).data), `"1970-01-01T00:00:00.000Z"`);
});

Deno.test("decodeBody() gives back whatever encodeBody() was given", () => {
  const bodies = ["text", "", "12", "null", " x ", "\ufeffwith a mark", "日本 😀", "\0\r\n"];
  for (const body of [...bodies, 0, -1.5, 1e300, true, false, null, undefined, [], {}, [[null]]]) {
    assertEquals(roundTrip(body), body);
  }
});

Deno.test("decodeBody() gives bytes back as bytes, even if they look like JSON or text", () => {
  for (const bytes of [bytesOf("12"), bytesOf("null"), bytesOf(""), new Uint8Array([0xff, 0])]) {
    assertEquals(roundTrip(bytes), bytes);
    assertEquals(roundTrip(bytes.buffer), bytes);
    assertEquals(roundTrip(new DataView(bytes.buffer)), bytes);
  }
});

Deno.test("decodeBody() gives back any JSON value", () => {
  const random = seeded(7);
  for (let run = 0; run < 2_000; run++) {
    const body = arbitrary(random);
    assertEquals(roundTrip(body), body);
  }
});

Deno.test("decodeBody() reads the content type in any case and without its parameters", () => {
  const data = bytesOf("[1]");
  for (
    const type of ["application/json", "Application/JSON; charset=utf-8", " application/json ;x"]
  ) {
    assertEquals(decodeBody(data, type), [1], type);
  }
  assertEquals(decodeBody(data, "application/problem+json"), [1]);
  for (const type of ["text/plain", "TEXT/Plain", "text/plain; charset=utf-8", "text/plain;x=y"]) {
    assertEquals(decodeBody(data, type), "[1]", type);
  }
});

Deno.test("decodeBody() gives bytes for an empty content type and for one it does not know", () => {
  for (const type of ["", " ", ";", "application/octet-stream", "image/png", "text/html", "json"]) {
    assertEquals(decodeBody(bytesOf("12"), type), bytesOf("12"), type);
  }
});

Deno.test("decodeBody() takes a body without a content type for JSON if it parses", () => {
  for (const [text, value] of [["12", 12], [" [1] ", [1]], ['{"a":1}', { a: 1 }], ['"x"', "x"]]) {
    assertEquals(decodeBody(bytesOf(text as string), undefined), value);
  }
  for (const value of [null, true, false, -0.5]) {
    assertStrictEquals(decodeBody(bytesOf(String(value)), undefined), value);
  }
});

Deno.test("decodeBody() takes a body without a content type for text if it is UTF-8", () => {
  for (
    const text of ["hello", "true story", "{broken", "12 apples", "-", "nul", "é", " ", "\ufeff1"]
  ) {
    assertStrictEquals(decodeBody(bytesOf(text), undefined), text);
  }
});

Deno.test("decodeBody() takes a body without a content type for bytes if it is nothing else", () => {
  const data = new Uint8Array([0x7b, 0xff, 0xfe]);
  assertEquals(decodeBody(data, undefined), data);
});

Deno.test("decodeBody() gives nothing for an empty body without a content type", () => {
  assertStrictEquals(decodeBody(new Uint8Array(0), undefined), undefined);
});

Deno.test("decodeBody() refuses a body that is not what its type says", () => {
  const cases = [
    ["{broken", "application/json"],
    ["", "application/json"],
    ["NaN", "Application/JSON; charset=utf-8"],
    ["[1] 2", "application/problem+json"],
  ] as const;
  for (const [text, type] of cases) {
    const error = assertThrows(() => decodeBody(bytesOf(text), type), DecodeError);
    assertStrictEquals(error.contentType, type);
    assertInstanceOf(error.cause, SyntaxError);
  }
});

Deno.test("decodeBody() refuses text and JSON that are not UTF-8", () => {
  // cut off, overlong, a surrogate, beyond the last character
  for (const bytes of [[0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
    const data = new Uint8Array([0x22, ...bytes, 0x22]);
    for (const type of ["text/plain", "application/json"]) {
      const { cause } = assertThrows(() => decodeBody(data, type), DecodeError);
      assertInstanceOf(cause, TypeError);
    }
  }
});

Deno.test("decodeBody() lets no key reach a prototype", () => {
  const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
  for (const type of ["application/json", undefined]) {
    const body = decodeBody(bytesOf(text), type) as Record<string, unknown>;
    assertStrictEquals(Object.getPrototypeOf(body), Object.prototype);
    assertEquals(Object.keys(body), ["__proto__", "constructor"]);
    assertFalse("polluted" in {});
    assertFalse("polluted" in body);
  }
});

Deno.test("encodeBody() names the place of what JSON would empty or change in silence", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const found: [body: unknown, place: string, what: string][] = [
    [1n, "body", "a bigint"],
    [{ deep: [2n] }, "body.deep[0]", "a bigint"],
    [cycle, "body.self", "an object that holds itself"],
    [() => 1, "body", "a function"],
    [{ a: Symbol() }, "body.a", "a symbol"],
    [{ items: [1, 2, 3, new Map([[1, 2]])] }, "body.items[3]", "a Map"],
    [{ "two words": { "1a": NaN } }, 'body["two words"]["1a"]', "NaN"],
    [[[-Infinity]], "body[0][0]", "-Infinity"],
    [{ photo: new Uint8Array(2) }, "body.photo", "a Uint8Array"],
    [Promise.resolve(1), "body", "a promise: await it"],
    // deno-lint-ignore no-sparse-arrays
    [[1, , 3], "body[1]", "a hole"],
    [{ at: new Date(NaN) }, "body.at", "an invalid Date"],
    [{ toJSON: () => [NaN] }, "body[0]", "NaN"],
  ];
  for (const [body, place, what] of found) {
    const error = assertThrows(() => encodeBody(body), EncodeError);
    assertStrictEquals(error.place, place);
    const rule = "Cannot encode the body as it must be text, bytes or a JSON value";
    assertStringIncludes(error.message, `${rule}: ${place} is ${what}`);
  }
});

Deno.test("encodeBody() finds a cycle below the depth that bodies have, and says so in a short line", () => {
  let deep: unknown[] = [];
  const all = deep;
  for (let level = 0; level < 100; level++) deep.push(deep = []);
  deep.push(all);
  const { message } = assertThrows(() => encodeBody(all), EncodeError, "holds itself");
  assert(message.length < 400, message);
});

Deno.test("encodeBody() writes what is as deep as JSON can be", () => {
  let deep: unknown[] = [];
  const all = deep;
  for (let level = 0; level < 500; level++) deep.push(deep = []);
  assertEquals(roundTrip(all), all);
});

Deno.test("encodeBody() has half of a surrogate pair arrive", () => {
  for (const text of ["\ud83d", "a\udc4bb"]) assertStrictEquals(roundTrip(text), text);
});

Deno.test("encodeBody() copies shared memory, and refuses bytes that were transferred", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  const { data } = encodeBody(shared);
  shared[0] = 1;
  assertEquals(data, new Uint8Array(2));
  const buffer = new ArrayBuffer(2);
  const views = [buffer, new Uint8Array(buffer), new DataView(buffer)];
  buffer.transfer();
  for (const view of views) assertThrows(() => encodeBody(view), EncodeError, "transferred");
});

Deno.test("encodeBody() passes on why a toJSON() failed, whatever it throws", () => {
  const body = {
    toJSON() {
      throw "no text of mine";
    },
  };
  assertThrows(() => encodeBody(body), EncodeError, ": no text of mine");
});

Deno.test("encodeBody() never gives one body's bytes to another", () => {
  assertNotStrictEquals(encodeBody("same").data, encodeBody("same").data);
});

Deno.test("decodeBody() gives no bytes for the None of FastStream", () => {
  assertEquals(decodeBody(new Uint8Array(0), ""), new Uint8Array(0));
});
