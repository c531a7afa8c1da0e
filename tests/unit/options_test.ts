import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import * as rules from "../../src/options.ts";

const { checkOptions, describe } = rules;

/** What each rule takes, and what it does not. */
const CASES: readonly [rules.Rule, string, unknown[], unknown[]][] = [
  [
    rules.milliseconds,
    'milliseconds from 0 to 2147483647, or text such as "30s"',
    [0, 0.5, 1, 2_147_483_647, "0ms", "250ms", "30s", "7d"],
    [-1, 2_147_483_648, NaN, Infinity, "1", "-1s", "5 minutes", "25d", null, 1n, new Date(0)],
  ],
  [
    rules.duration,
    'milliseconds from 1 to 2147483647, or text such as "30s"',
    [1, 1.5, 2_147_483_647, "1ms", "5m"],
    [0, 0.5, -1, 2_147_483_648, NaN, Infinity, "1", "0.5ms", null],
  ],
  [
    rules.limit(rules.count),
    "a whole number of 1 or more, or Infinity",
    [1, Infinity],
    [0, -Infinity, NaN, "Infinity", null],
  ],
  [
    rules.count,
    "a whole number of 1 or more",
    [1, 2, Number.MAX_SAFE_INTEGER],
    [0, -1, 1.5, NaN, Infinity, 2 ** 53, "1", 1n, null],
  ],
  [
    rules.bytes,
    "a whole number of bytes",
    [0, 1, Number.MAX_SAFE_INTEGER],
    [-1, 0.5, NaN, Infinity, "1", null],
  ],
  [rules.text, "text that is not empty", ["a", " "], ["", 1, null, {}, ["a"]]],
  [rules.secret, "text that is not empty", ["a", " "], ["", 1, null, {}, ["a"]]],
  [rules.flag, "true or false", [true, false], [0, 1, "true", null]],
  [rules.signal, "an AbortSignal", [AbortSignal.abort()], [new AbortController(), {}, null]],
  [
    rules.record,
    "an object",
    [
      {},
      Object.create(null),
      new (class {
        wait = 1;
      })(),
    ],
    [null, "a", 1, true, () => {}, [], new Map(), Promise.resolve({}), AbortSignal.abort()],
  ],
  [rules.callable, "a function", [() => {}, async () => {}], [null, {}, "f", class {}]],
  [
    rules.decision,
    "a function that is not async",
    [() => {}, Object],
    [async () => {}, function* () {}, async function* () {}],
  ],
  [
    rules.middleware,
    "a function (message, next), async or not",
    [() => {}, async (_message: unknown, _next: unknown) => {}],
    [null, {}, class {}, function* () {}, async function* () {}],
  ],
  [rules.middleware, "a function of two: (message, next)", [], [
    (_error: unknown, _request: unknown, _next: unknown) => {},
  ]],
  [rules.middlewareList, "a list of functions (message, next)", [[], [() => {}]], [
    () => {},
    [[]],
    [class {}],
    {},
  ]],
  [rules.oneOf("a", "b"), 'one of "a", "b"', ["a", "b"], ["c", "", "A", null, 1]],
];

Deno.test("Rule says what must hold of a value that does not follow it", () => {
  for (const [rule, sentence, taken, refused] of CASES) {
    for (const value of taken) assertStrictEquals(rule(value), undefined, Deno.inspect(value));
    for (const value of refused) assertStrictEquals(rule(value), sentence, Deno.inspect(value));
  }
});

const RULES = { wait: rules.milliseconds, name: rules.text };

function sentenceOf(options: unknown): string {
  return assertThrows(() => checkOptions("do it", options, RULES), TypeError).message;
}

Deno.test("checkOptions() takes no options, and those that follow their rules", () => {
  for (const options of [undefined, {}, { wait: 1 }, { wait: 0, name: "a" }]) {
    checkOptions("do it", options, RULES);
  }
});

Deno.test("checkOptions() passes over an option that is undefined", () => {
  checkOptions("do it", { wait: undefined, name: undefined, unheardOf: undefined }, RULES);
});

Deno.test("checkOptions() refuses options that are no object", () => {
  for (
    const [options, shown] of [[null, "null"], ["a", '"a"'], [5, "5"], [true, "true"]] as const
  ) {
    assertEquals(sentenceOf(options), `Cannot do it as options must be an object: ${shown}`);
  }
});

Deno.test("checkOptions() refuses a promise, a signal or a list, which hold no options", () => {
  const given: readonly [unknown, string][] = [
    [Promise.resolve({ wait: 1 }), "[object Promise]"],
    [AbortSignal.abort(), "[object AbortSignal]"],
    [[{ wait: 1 }], "[object Array]"],
    [new Map([["wait", 1]]), "[object Map]"],
    [() => ({ wait: 1 }), "a function"],
  ];
  for (const [options, shown] of given) {
    assertEquals(sentenceOf(options), `Cannot do it as options must be an object: ${shown}`);
  }
});

Deno.test("checkOptions() refuses an option it does not know, and names those it does", () => {
  const sentence = (key: string) =>
    `Cannot do it as an option must be one of wait, name: ${JSON.stringify(key)}`;
  assertEquals(sentenceOf({ wiat: 1 }), sentence("wiat"));
  assertEquals(sentenceOf({ wait: 1, Name: "a" }), sentence("Name"));
});

Deno.test("checkOptions() does not take what every object has for an option", () => {
  for (const key of ["constructor", "toString", "hasOwnProperty"]) sentenceOf({ [key]: 1 });
  sentenceOf(JSON.parse('{"__proto__": 1}'));
});

Deno.test("checkOptions() names the option and its value", () => {
  const rule = 'milliseconds from 0 to 2147483647, or text such as "30s"';
  const shown: readonly [unknown, string][] = [
    [-1, "-1"],
    ["5", '"5"'],
    [null, "null"],
    [{}, "[object Object]"],
    [[1], "[object Array]"],
    [5n, "5"],
    [Symbol("s"), "Symbol(s)"],
    [NaN, "NaN"],
  ];
  for (const [value, text] of shown) {
    assertEquals(sentenceOf({ wait: value }), `Cannot do it as "wait" must be ${rule}: ${text}`);
  }
});

Deno.test("checkOptions() shows a value that cannot be turned into text", () => {
  const cycle: Record<string, unknown> = Object.create(null);
  cycle.self = cycle;
  assertEquals(
    sentenceOf({ name: cycle }),
    'Cannot do it as "name" must be text that is not empty: [object Object]',
  );
});

Deno.test("checkOptions() tells no secret, whatever its type", () => {
  const sentence = 'Cannot do it as "key" must be text that is not empty: ';
  const refused = (key: unknown) =>
    assertThrows(() => checkOptions("do it", { key }, { key: rules.secret }), TypeError).message;
  assertEquals(refused(123456), `${sentence}[object Number]`);
  assertEquals(refused(["hunter2"]), `${sentence}[object Array]`);
  assertEquals(refused(null), `${sentence}[object Null]`);
  assertEquals(refused(""), `${sentence}""`);
});

Deno.test("shown() gives any value as one line", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  const values = ["a\nb", 10n, cycle, Object.create(null), null, undefined, -0, Symbol("s")];
  assertEquals(values.map(rules.describe), [
    '"a\\nb"',
    "10",
    "[object Array]",
    "[object Object]",
    "null",
    "undefined",
    "0",
    "Symbol(s)",
  ]);
});

Deno.test("describe() quotes 1 000 characters of a text, and no part of an inbox that ends there", () => {
  assertEquals(describe("x".repeat(1_000)), `"${"x".repeat(1_000)}"`);
  assertEquals(describe("x".repeat(1_002)), `"${"x".repeat(1_000)}"… (2 more characters)`);
  const token = "f9hUpVb8xoVAtGpJid2VLA";
  const long = `${"x".repeat(985)}.${token}.${"y".repeat(50)}`;
  assertEquals(describe(long), `"${"x".repeat(985)}"… (74 more characters)`);
});
