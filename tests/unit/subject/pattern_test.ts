import { assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { NatsBroker } from "@signalbox/nats";
import { InvalidSubjectError } from "../../../src/errors.ts";
import { Pattern } from "../../../src/subject/subject.ts";
import { pick, printable, type Random, seeded } from "../seeded_random.ts";

function sentenceOf(run: () => unknown): string {
  return assertThrows(run, InvalidSubjectError).message;
}

/** A pattern of literal tokens and parameters, and values that fit it. */
function arbitrary(random: Random): { text: string; values: Record<string, string> } {
  const values: Record<string, string> = {};
  const tokens = Array.from({ length: 1 + random(6) }, (_, at) => {
    if (random(2) === 0) return printable(random, 1 + random(8), ".*>{}");
    const name = `${pick(random, "abcXYZ")}${at}_${random(10)}`;
    values[name] = printable(random, 1 + random(12), ".*>");
    return `{${name}}`;
  });
  return { text: tokens.join("."), values };
}

Deno.test("Pattern asks the server for a wildcard in place of each parameter", () => {
  assertEquals(new Pattern("orders.{id}").subject, "orders.*");
  assertEquals(new Pattern("{a}.b.{c}").subject, "*.b.*");
  assertEquals(new Pattern("orders.new").subject, "orders.new");
});

Deno.test("Pattern takes wildcards beside parameters", () => {
  assertEquals(new Pattern("{id}.*.>").subject, "*.*.>");
  assertEquals(new Pattern(">").subject, ">");
  assertEquals(new Pattern("*").subject, "*");
});

Deno.test("Pattern keeps its text and gives its names in order", () => {
  const pattern = new Pattern("v1.{zone}.x.{id_2}.{B}");
  assertEquals(pattern.text, "v1.{zone}.x.{id_2}.{B}");
  assertEquals(pattern.names, ["zone", "id_2", "B"]);
  assertEquals(new Pattern("a.>").names, []);
});

Deno.test("Pattern refuses a parameter that is not a whole token with a letter first", () => {
  for (
    const text of ["a.{id", "a.id}", "a.x{id}", "a.{id}y", "{}", "{1a}", "{a-b}", "{_a}", "{{a}}"]
  ) {
    assertEquals(
      sentenceOf(() => new Pattern(text)),
      `Cannot subscribe as a parameter must be a whole token, a letter first, as in {id}: "${text}"`,
    );
  }
});

Deno.test("Pattern refuses a name that is there twice", () => {
  const sentence = sentenceOf(() => new Pattern("{id}.x.{id}"));
  assertEquals(sentence, `Cannot subscribe as "id" must occur once: "{id}.x.{id}"`);
});

Deno.test("Pattern refuses what no server would take", () => {
  assertEquals(
    sentenceOf(() => new Pattern("a..b")),
    `Cannot subscribe as a token must not be empty: "a..b"`,
  );
  for (
    const text of ["", ".", "a.", ">.a", "a*", "a.b>", "a b", "a.\r\n", "é\x80", "a".repeat(2_001)]
  ) {
    sentenceOf(() => new Pattern(text));
  }
});

Deno.test("Pattern shows the pattern it refuses as it was written", () => {
  const error = assertThrows(() => new Pattern("orders.{id}.a b"), InvalidSubjectError);
  assertStrictEquals(error.subject, "orders.{id}.a b");
  assertFalse(error.message.includes(".w."));
});

Deno.test("Pattern refuses what is no text, and says so", () => {
  assertEquals(
    sentenceOf(() => new Pattern(5 as unknown as string)),
    "Cannot subscribe as a subject must be text: 5",
  );
});

Deno.test("Pattern.within() is for a pattern with a value for each of its parameters", () => {
  const other = new Pattern("orders.{id}.{part}");
  const pattern = new Pattern("done.{id}");
  assertStrictEquals(pattern.within(other), pattern);
  assertStrictEquals(new Pattern("done").within(new Pattern("a")).text, "done");
  assertEquals(
    sentenceOf(() => new Pattern("{zone}.{id}").within(other)),
    `Cannot fill "{zone}.{id}" as "zone" must be in the pattern: "orders.{id}.{part}"`,
  );
});

Deno.test("Pattern.read() finds the values where the parameters are", () => {
  const pattern = new Pattern("{zone}.orders.{id}.>");
  assertEquals(pattern.read("eu.orders.42.lines.1"), { zone: "eu", id: "42" });
});

Deno.test("Pattern.read() gives nothing where there is no parameter", () => {
  assertEquals(new Pattern("a.*").read("a.b"), {});
});

Deno.test("Pattern.read() takes names that every object has", () => {
  const values = new Pattern("{constructor}.{toString}.{hasOwnProperty}").read("a.b.c");
  assertEquals(Object.entries(values), [
    ["constructor", "a"],
    ["toString", "b"],
    ["hasOwnProperty", "c"],
  ]);
});

Deno.test("Pattern.fill() puts text and numbers in place of the parameters", () => {
  const pattern = new Pattern("orders.{id}.lines.{line}");
  assertEquals(pattern.fill({ id: "42", line: 7, more: "is passed over" }), "orders.42.lines.7");
  assertEquals(new Pattern("plain").fill({}), "plain");
});

Deno.test("Pattern.fill() refuses a value that is not one token", () => {
  const pattern = new Pattern("orders.{id}");
  const cannot =
    `Cannot fill "orders.{id}" as "id" must be one token without blanks and control characters`;
  for (const value of ["", "a.b", "*", ">", "a b", "a\r\nb"]) {
    const sentence = `${cannot}: ${JSON.stringify(value)}`;
    assertEquals(sentenceOf(() => pattern.fill({ id: value })), sentence);
  }
  const others = [[1.5, '"1.5"'], [null, "null"], [true, "true"], [10n, "10"], [
    ["a"],
    "[object Array]",
  ]];
  for (const [value, shown] of others) {
    assertEquals(sentenceOf(() => pattern.fill({ id: value })), `${cannot}: ${shown}`);
  }
});

Deno.test("Pattern.fill() refuses a value that makes the subject one of the server's", () => {
  const pattern = new Pattern("{tenant}.done");
  assertEquals(
    sentenceOf(() => pattern.fill({ tenant: "$JS" })),
    `Cannot fill "{tenant}.done" as a value must not make a subject begin with "$": "$JS.done"`,
  );
  assertEquals(pattern.fill({ tenant: "a$" }), "a$.done");
  assertEquals(new Pattern("$KV.{key}").fill({ key: "$a" }), "$KV.$a");
});

Deno.test("Pattern.fill() refuses a value that is not there, whatever every object has", () => {
  assertEquals(
    sentenceOf(() => new Pattern("a.{id}").fill({})),
    `Cannot fill "a.{id}" as "id" must be one token without blanks and control characters: undefined`,
  );
  sentenceOf(() => new Pattern("a.{constructor}").fill({}));
  sentenceOf(() => new Pattern("a.{toString}").fill({}));
});

Deno.test("Pattern.fill() refuses a pattern with a wildcard, as nobody can publish to one", () => {
  assertEquals(
    sentenceOf(() => new Pattern("{id}.*").fill({ id: "a" })),
    `Cannot fill "{id}.*" as a subject must not contain a wildcard: "a.*"`,
  );
});

Deno.test("Pattern.fill() refuses a subject that grows too long", () => {
  const long = "a".repeat(1_500);
  assertEquals(
    sentenceOf(() => new Pattern("{a}.{b}").fill({ a: long, b: long })).slice(0, 62),
    `Cannot fill "{a}.{b}" as a subject must be 2000 bytes at most:`,
  );
});

Deno.test("Pattern.fill() leaves the pattern as it was", () => {
  const pattern = new Pattern("a.{id}");
  pattern.fill({ id: "1" });
  assertEquals([pattern.fill({ id: "2" }), pattern.subject, pattern.text], [
    "a.2",
    "a.*",
    "a.{id}",
  ]);
});

Deno.test("Pattern.read() gives back whatever Pattern.fill() was given", () => {
  const random = seeded(2026);
  for (let run = 0; run < 2_000; run++) {
    const { text, values } = arbitrary(random);
    const pattern = new Pattern(text);
    const [first = ""] = text.startsWith("{") ? Object.values(values) : [];
    // no value may lead to the server's own subjects
    if (String(first).startsWith("$")) continue;
    const subject = pattern.fill(values);
    assertEquals(pattern.read(subject), values, text);
    assertEquals(pattern.names, Object.keys(values));
    assertFalse(/[*>]/.test(subject));
    assertStrictEquals(subject.split(".").length, text.split(".").length);
  }
});

Deno.test("Pattern says what it was wanted for where it refuses one", () => {
  const broker = new NatsBroker();
  const refused: readonly [() => unknown, string][] = [
    [() => broker.publisher("a..b"), "make a publisher as a token"],
    [() => broker.publisher("a.{b", { params: [] }), "make a publisher as a parameter"],
    [() => broker.publisher("a.*"), "make a publisher as a subject must not contain a wildcard"],
    [() => broker.session("a.{b}.{b}", () => {}), 'serve sessions as "b" must occur once'],
    [() => broker.subscriber("a", { publishTo: "" }, () => {}), "publish replies as a token"],
    [() => broker.subscriber("a", { publishTo: ">" }, () => {}), "publish replies as a subject"],
    [() => broker.permissions({ publish: ["a b"] }), "tell the permissions as a subject"],
    [() => new NatsBroker(undefined, { answersTo: ["a b"] }), "make a broker as a subject"],
  ];
  for (const [wanted, says] of refused) {
    assertThrows(wanted, InvalidSubjectError, `Cannot ${says}`);
  }
});
