import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as errors from "../../src/errors.ts";

const cause = new Error("below");

/** One of each class, with the facts it has to keep. */
const EACH: readonly [Error, string, Record<string, unknown>][] = [
  [
    new errors.ConnectionError("Cannot connect to a as a server must be reachable: x", "tls", {
      cause,
    }),
    "Cannot connect to a as a server must be reachable: x",
    { name: "ConnectionError", reason: "tls", cause },
  ],
  [
    new errors.TimeoutError(`request "a"`, 50, "a", { cause }),
    `Cannot request "a" as it must finish in time: 50 ms have passed`,
    { name: "TimeoutError", timeout: 50, subject: "a", cause },
  ],
  [
    new errors.NoRespondersError("a", { cause }),
    `Cannot request "a" as it must have a subscriber: no responders`,
    { name: "NoRespondersError", subject: "a", cause },
  ],
  [
    new errors.PermissionError("publish", "a", { cause }),
    `Cannot publish to "a" as the server must permit it: not permitted`,
    { name: "PermissionError", operation: "publish", subject: "a", cause },
  ],
  [
    new errors.PermissionError("subscribe", "a"),
    `Cannot subscribe to "a" as the server must permit it: not permitted`,
    { name: "PermissionError", operation: "subscribe", subject: "a" },
  ],
  [
    new errors.SubscriptionError("a", "maximum subscriptions exceeded", { cause }),
    `Cannot subscribe to "a" as the server must accept it: maximum subscriptions exceeded`,
    { name: "SubscriptionError", subject: "a", words: "maximum subscriptions exceeded", cause },
  ],
  [
    new errors.RemoteError("a", 404, "No such order", { id: 1 }),
    `Cannot request "a" as the responder must succeed: 404 No such order`,
    { name: "RemoteError", subject: "a", code: 404, description: "No such order", data: { id: 1 } },
  ],
  [
    new errors.InvalidSubjectError("publish", "a token must not be empty", "a..b"),
    `Cannot publish as a token must not be empty: "a..b"`,
    { name: "InvalidSubjectError", subject: "a..b" },
  ],
  [
    new errors.DecodeError("application/json", { cause }),
    "Cannot decode the body as it must fit its content type: application/json",
    { name: "DecodeError", contentType: "application/json", cause },
  ],
  [
    new errors.DecodeError("a".repeat(101), { cause }),
    `Cannot decode the body as it must fit its content type: ${"a".repeat(100)}`,
    { name: "DecodeError", contentType: "a".repeat(101), cause },
  ],
  [
    new errors.EncodeError("a function", { cause }),
    "Cannot encode the body as it must be text, bytes or a JSON value: a function",
    { name: "EncodeError", cause },
  ],
  [
    new errors.ValidationError([{ message: "too long", path: ["a", "0"] }], { cause }),
    `Cannot accept the body as it must fit its schema: too long at "a.0"`,
    { name: "ValidationError", issues: [{ message: "too long", path: ["a", "0"] }], cause },
  ],
  [
    new errors.PayloadTooLargeError("a", 200, 100),
    `Cannot publish to "a" as a message must be 100 bytes at most: 200`,
    { name: "PayloadTooLargeError", size: 200, limit: 100 },
  ],
  [
    new errors.OutboxFullError("a", 90, 100),
    `Cannot hold a message for "a" as the outbox must stay within 100 bytes while disconnected: ` +
    "90 are held",
    { name: "OutboxFullError", held: 90, limit: 100 },
  ],
];

Deno.test("errors.ts has no class without a test here", () => {
  const tested = EACH.map(([error]) => error.constructor.name);
  assertEquals(new Set(Object.keys(errors)), new Set([...tested, "ReplyError"]));
});

Deno.test("Each error keeps its name, its facts and its cause", () => {
  for (const [error, , facts] of EACH) {
    assertInstanceOf(error, Error);
    assertStrictEquals(error.name, error.constructor.name);
    for (const [fact, value] of Object.entries(facts)) {
      assertEquals(error[fact as keyof Error] as unknown, value, `${error.name}.${fact}`);
    }
    assertStrictEquals(error.cause, facts.cause);
  }
});

Deno.test("Each error says what cannot be done, what must hold, and what is", () => {
  for (const [error, sentence] of EACH) {
    assertStrictEquals(error.message, sentence);
    assert(/^Cannot .+ as .+ must .+: .*[^.]$/.test(error.message), error.message);
  }
});

Deno.test("Each error begins its stack with its name and sentence", () => {
  for (const [error, sentence] of EACH) {
    assert(error.stack?.includes(sentence), error.stack);
    assertStrictEquals(String(error), `${error.name}: ${sentence}`);
  }
});

Deno.test("TimeoutError has no subject where nothing was waited for at one", () => {
  assertStrictEquals(new errors.TimeoutError("flush", 5).subject, undefined);
});

Deno.test("ValidationError says something even without an issue or a path", () => {
  const sentence = "Cannot accept the body as it must fit its schema: ";
  assertStrictEquals(new errors.ValidationError([]).message, `${sentence}it does not`);
  const issues = [{ message: "no", path: [] }];
  assertStrictEquals(new errors.ValidationError(issues).message, `${sentence}no`);
});

Deno.test("ReplyError keeps what it is to tell the caller", () => {
  const error = new errors.ReplyError(404, "No such order", { id: 1 }, { cause });
  assertEquals(
    [error.name, error.code, error.message, error.data, error.cause],
    ["ReplyError", 404, "No such order", { id: 1 }, cause],
  );
  assertStrictEquals(new errors.ReplyError(599, "x").data, undefined);
});

Deno.test("ReplyError refuses a code that is not one of an error", () => {
  for (const code of [0, 200, 399, 600, 404.5, NaN, "404"]) {
    const { message } = assertThrows(() => new errors.ReplyError(code as number, "x"), RangeError);
    const rule = `"code" must be a whole number from 400 to 599`;
    assertStrictEquals(message, `Cannot make a ReplyError as ${rule}: ${Deno.inspect(code)}`);
  }
});

Deno.test("InvalidSubjectError shows what was given, whatever that is", () => {
  const shown = (value: unknown) => new errors.InvalidSubjectError("x", "y", value).message;
  assertStrictEquals(shown(undefined), "Cannot x as y: undefined");
  assertStrictEquals(shown("a\r\nb"), `Cannot x as y: "a\\r\\nb"`);
  assertStrictEquals(shown(Symbol("s")), "Cannot x as y: Symbol(s)");
});

Deno.test("InvalidSubjectError shows a BigInt and a cycle, too", () => {
  const cycle: Record<string, unknown> = Object.create(null);
  cycle.self = cycle;
  for (const [value, shown] of [[10n, "10"], [cycle, "[object Object]"]] as const) {
    const error = new errors.InvalidSubjectError("x", "y", value);
    assertEquals([error.message, error.subject], [`Cannot x as y: ${shown}`, shown]);
  }
});
