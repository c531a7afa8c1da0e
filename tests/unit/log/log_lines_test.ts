import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import { RemoteError } from "@signalbox/nats";
import { type BrokerEvent, EventFeed } from "../../../src/events.ts";
import { logEvents } from "../../../src/log/log_lines.ts";
import { type Logger, standardError } from "../../../src/log/logger.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;
const up = { type: "connected", server: "a:1", reconnects: 0 } as const;
const closed = { type: "closed", error: undefined } as const;

interface Noted {
  readonly level: string;
  readonly args: unknown[];
}

/** Notes each line with its level; with a `table`, as a console has one. */
function notes(isConsole = true): { lines: Noted[]; logger: Logger } {
  const lines: Noted[] = [];
  const note = (level: string) => (...args: unknown[]) => void lines.push({ level, args });
  const logger = Object.fromEntries(LEVELS.map((level) => [level, note(level)]));
  if (isConsole) logger.table = note("table");
  return { lines, logger: logger as unknown as Logger };
}

/** What a console gets for these events, without the time. */
function logged(...events: BrokerEvent[]): string[] {
  const { lines, logger } = notes();
  const feed = new EventFeed();
  logEvents(feed, logger, "shop", platformClock);
  for (const event of events) feed.emit(event);
  feed.emit(closed);
  return lines.filter(({ level }) => level !== "debug").map(({ level, args }) => {
    assertEquals(args.length, 1);
    const line = args[0] as string;
    assertMatch(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [A-Z]+ \[shop\] [^\n]+$/);
    assertStringIncludes(line, ` ${level.toUpperCase()} `);
    return line.slice(line.indexOf("Z") + 2);
  });
}

Deno.test("logEvents() writes one line for each event, at the level it deserves", () => {
  const error = new TypeError("why");
  assertEquals(
    logged(
      up,
      { type: "started", server: "a:1", version: "2.15.1", subscribers: 1 },
      { ...up, reconnects: 2 },
      { type: "disconnected", server: "a:1", unconfirmed: 0 },
      { type: "disconnected", server: "a:1", unconfirmed: 3 },
      { type: "reconnecting", attempt: 3 },
      { type: "slowConsumer", subject: "orders.*", dropped: 10 },
      { type: "slowConsumer", subject: "orders.*", dropped: 11 },
      { type: "lameDuck", server: "a:1" },
      { type: "error", error },
      { type: "stopping", handlers: 0, sessions: 0 },
      { type: "stopping", handlers: 2, sessions: 1 },
      { type: "closed", error },
    ),
    [
      "INFO [shop] Started 1 subscriber on a:1 (2.15.1)",
      "INFO [shop] Connected to a:1 again",
      "WARN [shop] Disconnected from a:1",
      "WARN [shop] Disconnected from a:1; 3 unconfirmed messages may be lost",
      'WARN [shop] Slow consumer on "orders.*": 10 messages dropped',
      "WARN [shop] The server a:1 is shutting down",
      "ERROR [shop] TypeError: why",
      "INFO [shop] Stopping",
      "INFO [shop] Stopping, waiting for 2 handlers and 1 session or stream",
      "ERROR [shop] Closed: TypeError: why",
    ],
  );
});

Deno.test("logEvents() says where an error belongs", () => {
  const [line] = logged({
    type: "error",
    error: new TypeError("why"),
    subject: "orders.7",
    pattern: "orders.{id}",
    correlationId: "c-1",
  });
  assertEquals(
    line,
    'ERROR [shop] TypeError: why subject="orders.7" pattern="orders.{id}" correlationId="c-1"',
  );
});

Deno.test("logEvents() does not repeat a subject that the sentence has", () => {
  const error = new RemoteError("orders.7", 404, "No such order", undefined);
  const [line] = logged({ type: "error", error, subject: "orders.7" });
  assertEquals(line?.split("orders.7").length, 2);
});

Deno.test("logEvents() shows a subject that is a part of another word", () => {
  const [line] = logged({ type: "error", error: new Error("Unbroken token"), subject: "ok" });
  assertStringIncludes(line!, 'Unbroken token subject="ok"');
});

Deno.test("logEvents() escapes what a terminal would take for a command, and cuts what is too long", () => {
  const error = new Error(`\x1b[2J\r\nERROR [shop] forged\u2028\u202e${"x".repeat(10_000)}`);
  const [line] = logged({ type: "error", error, subject: "a.\x1b", correlationId: "\x9b\u2066" });
  // deno-lint-ignore no-control-regex
  assertEquals(/[\x00-\x1f\x7f-\x9f\u2028\u202e\u2066]/.test(line!), false);
  assertStringIncludes(line!, "Error: \\x1b[2J\\x0d\\x0aERROR [shop] forged\\u2028\\u202e");
  assertStringIncludes(line!, "more characters)");
  assertEquals(line!.length < 1_300, true);
});

Deno.test("logEvents() writes the stack of an error and of its cause at the level debug alone", () => {
  const { lines, logger } = notes();
  const feed = new EventFeed();
  logEvents(feed, logger, "shop", platformClock);
  const error = new Error("outer", { cause: new TypeError("inner\x1b") });
  feed.emit({ type: "error", error });
  assertEquals(lines.map(({ level }) => level), ["error", "debug"]);
  const stack = lines[1]!.args[0] as string;
  assertMatch(stack, /Error: outer\n +at .*log_lines_test/s);
  assertMatch(stack, /\nCaused by: TypeError: inner\\x1b\n +at .*log_lines_test/s);
  feed.emit(closed);
});

Deno.test("logEvents() counts what is repeated, and writes the count ten seconds later", () => {
  using time = new FakeTime();
  const { lines, logger } = notes();
  const feed = new EventFeed();
  logEvents(feed, logger, "shop", platformClock);
  const fail = (text: string) =>
    feed.emit({ type: "error", error: new TypeError(text), pattern: "orders.{id}" });
  for (let times = 0; times < 1_000; times++) fail("same");
  for (let times = 0; times < 50_000; times++) fail(`another ${times}`);
  const texts = () =>
    lines.filter(({ level }) => level === "error")
      .map(({ args }) => /TypeError: (.*?)(?: pattern=|$)/.exec(args[0] as string)![1]);
  const first = ["same", "another 0", "another 1", "another 2", "another 3"];
  assertEquals(texts(), first);
  time.tick(10_000);
  assertEquals(texts(), [...first, "another 49999 (50995 more times within 10 s)"]);
  fail("same");
  assertEquals(texts().length, 7, "what comes later is written again");
  feed.emit(closed);
});

Deno.test("logEvents() tells kinds of errors apart, and bounds how many it remembers", () => {
  const { lines, logger } = notes();
  const feed = new EventFeed();
  logEvents(feed, logger, "shop", platformClock);
  for (let kind = 0; kind < 10_000; kind++) {
    feed.emit({ type: "error", error: new Error("why"), pattern: `p.${kind}` });
  }
  const errors = lines.filter(({ level }) => level === "error");
  assertEquals(errors.length, 257);
  feed.emit(closed);
});

Deno.test("logEvents() writes what was counted when the connection closes", () => {
  const same = { type: "error", error: new Error("same") } as const;
  assertEquals(
    logged(same, same, same).at(-1),
    "ERROR [shop] Error: same (2 more times within 10 s)",
  );
});

Deno.test("logEvents() gives a structured logger the sentence and the fields", () => {
  const { lines, logger } = notes(false);
  const feed = new EventFeed();
  logEvents(feed, logger, "shop", platformClock);
  const error = new TypeError("why");
  feed.emit({ ...up, reconnects: 1 });
  feed.emit({ type: "error", error, subject: "orders.7", correlationId: "c-1" });
  feed.emit(closed);
  assertEquals(lines.filter(({ level }) => level !== "debug"), [
    {
      level: "info",
      args: ["Connected to a:1 again", { broker: "shop", server: "a:1", reconnects: 1 }],
    },
    {
      level: "error",
      args: ["TypeError: why", {
        broker: "shop",
        error: { name: "TypeError", message: "why" },
        subject: "orders.7",
        correlationId: "c-1",
      }],
    },
  ]);
});

Deno.test("logEvents() gives a structured logger errors that JSON can be made of, without their own fields", () => {
  const { lines, logger } = notes(false);
  const feed = new EventFeed();
  logEvents(feed, logger, "shop", platformClock);
  const error = Object.assign(new Error("_DESK.f9hUpVb8xoVAtGpJid2VLA\n"), {
    code: "E42",
    reason: "refused",
    count: 1n,
    config: { headers: { authorization: "s3cr3t" } },
    self: {},
  });
  error.self = error;
  feed.emit({ type: "error", error });
  feed.emit(closed);
  const [line] = lines.filter(({ level }) => level === "error");
  const message = "_DESK.f9hU…\\x0a";
  assertEquals(JSON.parse(JSON.stringify(line!.args)), [`Error: ${message}`, {
    broker: "shop",
    error: { name: "Error", message, code: "E42", reason: "refused" },
  }]);
  assertEquals(/f9hUp|s3cr3t/.test(JSON.stringify(lines)), false, "nor does the stack tell them");
});

Deno.test("logEvents() writes one line for an error that throws when it is looked at", () => {
  const getter = (name: string) =>
    Object.defineProperty(new Error("why"), name, {
      get() {
        throw new Error("a getter's own");
      },
    });
  const { proxy, revoke } = Proxy.revocable(new Error("why"), {});
  revoke();
  for (const error of [getter("message"), getter("stack"), getter("name"), proxy]) {
    using printed = stub(console, "error");
    assertEquals(logged({ type: "error", error }).length, 1);
    assertEquals(printed.calls, []);
  }
});

Deno.test("logEvents() goes on past a logger that fails, and writes its line in one line", async () => {
  const error = new Error("a logger's own\nsecond line");
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const failing: (() => void)[] = [
    () => {
      throw error;
    },
    () => Promise.reject(error),
    () => {
      throw proxy;
    },
    () => ({
      get then() {
        throw error;
      },
    }),
  ];
  for (const fail of failing) {
    using printed = stub(console, "error");
    const feed = new EventFeed();
    logEvents(feed, { debug() {}, info: fail, warn: fail, error: fail }, "shop", platformClock);
    feed.emit({ type: "error", error: new Error("why"), subject: "orders.7" });
    await new Promise((resolve) => setTimeout(resolve));
    assertEquals(printed.calls.length, 1);
    assertMatch(
      printed.calls[0]!.args.join(" "),
      /^\S+Z ERROR \[shop\] Error: why subject="orders\.7" \(the logger failed: [^\n]+\)$/,
    );
    feed.emit(closed);
  }
});

Deno.test("logEvents() gives a function that ends it", () => {
  const { lines, logger } = notes();
  const feed = new EventFeed();
  logEvents(feed, logger, "shop", platformClock)();
  feed.emit(up);
  assertEquals(lines, []);
});

Deno.test("standardError writes to standard error, and nothing of what is for debugging", () => {
  using errors = stub(console, "error");
  using printed = stub(console, "log");
  for (const level of LEVELS) standardError[level](level);
  assertEquals(errors.calls.map(({ args }) => args), [["info"], ["warn"], ["error"]]);
  assertEquals(printed.calls, []);
});
