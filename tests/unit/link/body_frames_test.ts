import { assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { EncodeError } from "../../../src/errors.ts";
import {
  type BodyFrames,
  codeOf,
  framesOf,
  headersOf,
} from "../../../src/link/frames/body_frames.ts";
import { sizeOf } from "../../../src/message/raw_message.ts";

const MOST = 1_000;
const sizes = ({ frames }: BodyFrames) => frames.map((frame) => `${frame.code}${sizeOf(frame)}`);
const of = (body: unknown, most = MOST, headers?: Record<string, string>) =>
  framesOf(body, headers, "id", most);

function joined({ frames }: BodyFrames): Uint8Array {
  return Uint8Array.from(frames.flatMap(({ data }) => [...data]));
}

Deno.test("framesOf() makes one frame of a body, with a letter for its type and no headers", () => {
  const bodies = ["é", { a: 1 }, new Uint8Array(3), undefined, ""];
  const made = bodies.map((body) => of(body));
  assertEquals(made.map(sizes), [["t2"], ["j7"], ["b3"], ["u0"], ["t0"]]);
  assertEquals(made.map(({ size }) => size), [2, 7, 3, 0, 0]);
});

Deno.test("framesOf() makes pieces of what is larger than a message, the last with its letter", () => {
  assertEquals(sizes(of("x".repeat(MOST))), ["t1000"]);
  assertEquals(sizes(of("x".repeat(MOST + 1))), ["m1000", "t1"]);
  assertEquals(sizes(of("x".repeat(3 * MOST))), ["m1000", "m1000", "t1000"]);
});

Deno.test("framesOf() loses no byte and doubles none, wherever it cuts", () => {
  const body = Uint8Array.from({ length: 50 }, (_, at) => at);
  for (let most = 1; most <= 51; most++) {
    const made = of(body, most);
    assertEquals(joined(made), body, `${most}`);
    assertStrictEquals(made.frames.every((frame) => sizeOf(frame) <= most), true, `${most}`);
  }
});

Deno.test("framesOf() leaves room for the headers, wherever it cuts", () => {
  const body = Uint8Array.from({ length: 500 }, (_, at) => at);
  for (let most = 120; most <= 620; most++) {
    const made = of(body, most, { a: "b" });
    assertEquals(joined(made), body, `${most}`);
    assertStrictEquals(made.frames.every((frame) => sizeOf(frame) <= most), true, `${most}`);
  }
});

Deno.test("framesOf() puts headers on the last piece alone, and counts them", () => {
  const made = of("x".repeat(2_000), MOST, { a: "b" });
  const { frames, size } = made;
  assertEquals(frames.map(({ code }) => code).join(""), "mmh");
  assertEquals(frames.map(({ headerBlock }) => headerBlock === undefined), [true, true, false]);
  const last = frames.at(-1)!;
  assertStrictEquals(size, 2_000 + last.headerBlock!.length);
  const headers = headersOf({ ...last, code: "h" });
  assertEquals([headers.get("a"), headers.get("content-type")], ["b", "text/plain"]);
});

Deno.test("framesOf() keeps a copy of the program's bytes, which may be written to at once", () => {
  const body = Uint8Array.of(1, 2, 3);
  const { frames: [frame] } = of(body);
  body.fill(9);
  assertEquals([...frame!.data], [1, 2, 3]);
  assertNotStrictEquals(frame!.data.buffer, body.buffer);
});

Deno.test("framesOf() throws for what is no body, and for a header that would break the block", () => {
  for (const body of [() => 1, Symbol("a"), 1n]) assertThrows(() => of(body), EncodeError);
  assertThrows(() => of("a", MOST, { a: "b\r\nc: d" }), TypeError);
});

Deno.test("codeOf() and headersOf() know each other's letters; what else there is goes as h", () => {
  for (const type of ["text/plain", "application/json", "application/octet-stream"]) {
    const code = codeOf(type);
    const arrived = { code, data: new Uint8Array(0), headerBlock: undefined, size: 0 };
    assertStrictEquals(headersOf(arrived).get("content-type"), type);
  }
  assertEquals([undefined, "", "text/html", "constructor"].map(codeOf), ["u", "h", "h", "h"]);
  const nothing = { code: "u", data: new Uint8Array(0), headerBlock: undefined, size: 0 } as const;
  assertEquals([...headersOf(nothing)], []);
});
