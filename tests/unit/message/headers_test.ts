import { assertEquals, assertStrictEquals } from "@std/assert";
import { MessageHeaders, pairsOf } from "../../../src/message/headers.ts";

const parse = (block: string) => MessageHeaders.parse(new TextEncoder().encode(block));

Deno.test("MessageHeaders.from() takes an object, with lists for several values", () => {
  const headers = MessageHeaders.from({ "X-Shard": "7", "X-Tag": ["a", "b"], "X-None": [] });
  assertEquals([...headers], [["X-Shard", "7"], ["X-Tag", "a"], ["X-Tag", "b"]]);
});

Deno.test("MessageHeaders.from() takes pairs of any kind", () => {
  const pairs = [["a", "1"], ["A", "2"], ["a", "3"]] as const;
  assertEquals([...MessageHeaders.from(pairs)], [...pairs]);
  assertEquals([...MessageHeaders.from(new Map([["k", "v"]]))], [["k", "v"]]);
  assertEquals([...MessageHeaders.from(new Headers({ k: "v" }))], [["k", "v"]]);
  assertEquals([...MessageHeaders.from(MessageHeaders.from(pairs))], [...pairs]);
});

Deno.test("MessageHeaders.from() keeps what it was given, whatever becomes of it later", () => {
  const pairs: [string, string][] = [["a", "1"]];
  const headers = MessageHeaders.from(pairs);
  pairs.push(["b", "2"]);
  assertEquals([...headers], [["a", "1"]]);
});

Deno.test("MessageHeaders.get() finds a name in any case and gives its first value", () => {
  const headers = MessageHeaders.from([["Content-Type", "a"], ["content-type", "b"]]);
  for (const name of ["content-type", "Content-Type", "CONTENT-TYPE"]) {
    assertStrictEquals(headers.get(name), "a");
  }
  assertStrictEquals(headers.get("content"), undefined);
});

Deno.test("MessageHeaders.get() knows nothing of what every object has", () => {
  const headers = MessageHeaders.from({});
  for (const name of ["constructor", "__proto__", "toString", ""]) {
    assertStrictEquals(headers.get(name), undefined);
  }
});

Deno.test("MessageHeaders.values() gives all values in the order they came", () => {
  const headers = MessageHeaders.from([["x", "1"], ["y", "2"], ["X", "3"], ["x", ""]]);
  assertEquals(headers.values("x"), ["1", "3", ""]);
  assertEquals(headers.values("z"), []);
});

Deno.test("MessageHeaders.has() holds for an empty value too", () => {
  const headers = MessageHeaders.from({ "X-Empty": "" });
  assertEquals([headers.has("x-empty"), headers.has("x")], [true, false]);
});

Deno.test("MessageHeaders.status is 0 for headers that no server made", () => {
  assertStrictEquals(MessageHeaders.from({ a: "b" }).status, 0);
  assertStrictEquals(parse("NATS/1.0\r\na: b\r\n\r\n").status, 0);
});

Deno.test("MessageHeaders.parse() reads the status of the server", () => {
  assertStrictEquals(parse("NATS/1.0 503\r\n\r\n").status, 503);
  assertStrictEquals(parse("NATS/1.0 100 Idle Heartbeat\r\n\r\n").status, 100);
  assertStrictEquals(parse("NATS/1.0 404 No Messages\r\nA: b\r\n\r\n").get("a"), "b");
});

Deno.test("MessageHeaders.parse() keeps colons, several values and text beyond ASCII", () => {
  const headers = parse("NATS/1.0\r\nurl: http://a:1/\r\nX: 1\r\nx:2\r\ncity: Zürich\r\n\r\n");
  assertEquals([...headers], [["url", "http://a:1/"], ["X", "1"], ["x", "2"], ["city", "Zürich"]]);
});

Deno.test("MessageHeaders.parse() takes away the blanks around a value", () => {
  const headers = parse("NATS/1.0\r\na:  b c \t\r\ncontent-type: \r\n\r\n");
  assertEquals([headers.get("a"), headers.get("content-type")], ["b c", ""]);
});

Deno.test("MessageHeaders.parse() ends a line at a line feed alone, as Go's readers do", () => {
  const headers = parse("NATS/1.0 503 None\ncorrelation_id: a\nX: 1\r\nY: 2\r\n\r\n");
  assertEquals([...headers], [["correlation_id", "a"], ["X", "1"], ["Y", "2"]]);
  assertStrictEquals(headers.status, 503);
});

Deno.test("MessageHeaders.parse() ends no line at a carriage return alone", () => {
  assertEquals([...parse("NATS/1.0\r\na: b\rX: 1\r\n\r\n")], [["a", "b\rX: 1"]]);
});

Deno.test("MessageHeaders.parse() passes over what is no header", () => {
  const blocks = [
    "",
    "\r\n",
    "NATS/1.0",
    "NATS/1.0\r\n",
    "NATS/1.0\r\n\r\n",
    "NATS/1.0\r\n: v\r\n\r\n",
  ];
  for (
    const block of [...blocks, "NATS/1.0\r\nno colon\r\n\r\n", "\0\0\0", "NATS/1.0 abc\r\n\r\n"]
  ) {
    const headers = parse(block);
    assertEquals([[...headers], headers.status], [[], 0], JSON.stringify(block));
  }
});

Deno.test("MessageHeaders.parse() reads on past a line it cannot read", () => {
  assertEquals([...parse("NATS/1.0\r\nbad\r\n:x\r\ngood: 1\r\n\r\n")], [["good", "1"]]);
});

Deno.test("MessageHeaders.parse() reads bytes that are no UTF-8 without failing", () => {
  const block = new Uint8Array([
    ...new TextEncoder().encode("NATS/1.0\r\na: "),
    0xff,
    13,
    10,
    13,
    10,
  ]);
  assertStrictEquals(MessageHeaders.parse(block).get("a"), "\ufffd");
});

Deno.test("MessageHeaders.parse() lets no name reach a prototype", () => {
  const headers = parse("NATS/1.0\r\n__proto__: x\r\nconstructor: y\r\n\r\n");
  assertEquals([headers.get("__proto__"), headers.get("constructor")], ["x", "y"]);
  assertStrictEquals(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("pairsOf() gives the fields one by one", () => {
  assertEquals(pairsOf({ a: ["1", "2"], b: "3" }), [["a", "1"], ["a", "2"], ["b", "3"]]);
  assertEquals(pairsOf([["a", "1"]]), [["a", "1"]]);
  assertEquals(pairsOf({}), []);
});

Deno.test("MessageHeaders.parse() reads the first 4 096 lines of a block, however many there are", () => {
  const lines = (count: number) => Array.from({ length: count }, (_, n) => `a:${n}\n`).join("");
  const parse = (count: number) =>
    MessageHeaders.parse(new TextEncoder().encode(`NATS/1.0 404\r\n${lines(count)}\r\n`));
  const most = parse(4_096);
  assertEquals(most.values("a").at(-1), "4095");
  for (const count of [4_097, 300_000]) {
    const headers = parse(count);
    assertEquals(headers.values("a").length, 4_096);
    assertEquals([headers.status, headers.get("a")], [404, "0"]);
  }
});
