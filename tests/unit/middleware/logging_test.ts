import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { ReplyError } from "../../../src/errors.ts";
import { logging, type LoggingOptions } from "../../../src/middleware/logging.ts";
import { outcome, received } from "./received.ts";

/** A logger that keeps its lines, each after its level. */
function lines() {
  const written: unknown[][] = [];
  const at = (level: string) => (...line: unknown[]) => void written.push([level, ...line]);
  const logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return { written, logger };
}

const silent = lines().logger;

Deno.test("logging() writes a debug line for a message that went well", async () => {
  using time = new FakeTime();
  using _now = stub(performance, "now", () => time.now);
  const { written, logger } = lines();
  const reply = await logging(logger)(received(), () => {
    time.tick(12.34);
    return Promise.resolve("done");
  });
  assertStrictEquals(reply, "done");
  assertEquals(written, [["debug", `Handled "orders.42" in 12.3 ms: ok`]]);
});

Deno.test("logging() warns with the code of an error, and throws it on", async () => {
  using _now = stub(performance, "now", () => 0);
  const { written, logger } = lines();
  for (const error of [new ReplyError(404, "No such order"), new Error("secret"), undefined]) {
    const result = await outcome(() => logging(logger)(received(), () => Promise.reject(error)));
    assertStrictEquals(result, error);
  }
  assertEquals(written, [
    ["warn", `Handled "orders.42" in 0.0 ms: 404`],
    ["warn", `Handled "orders.42" in 0.0 ms: 500`],
    ["warn", `Handled "orders.42" in 0.0 ms: 500`],
  ]);
});

Deno.test("logging() writes at the levels that it is given", async () => {
  const { written, logger } = lines();
  const logged = logging(logger, { level: "info", errorLevel: "error" });
  await logged(received(), () => Promise.resolve());
  await outcome(() => logged(received(), () => Promise.reject(new Error("no"))));
  assertEquals(written.map(([level]) => level), ["info", "error"]);
});

Deno.test("logging() never writes a body, a reply or the text of an error", async () => {
  const { written, logger } = lines();
  const message = received("a", { body: "secret body" });
  await logging(logger)(message, () => Promise.resolve("secret reply"));
  const error = new ReplyError(400, "secret text", { secret: "data" });
  await outcome(() => logging(logger)(message, () => Promise.reject(error)));
  assertStrictEquals(written.length, 2);
  assert(!JSON.stringify(written).includes("secret"));
});

Deno.test("logging() takes the escape sequences of a terminal out of a subject", async () => {
  const { written, logger } = lines();
  await logging(logger)(received("a.\x1b[2J"), () => Promise.resolve());
  assert(String(written[0]![1]).startsWith(`Handled "a.\\u001b[2J" in `));
});

Deno.test("logging() keeps the outcome where the logger fails, and writes the line to the console", async () => {
  const fault = new Error("The disk is\nfull");
  const failing: (() => unknown)[] = [
    () => {
      throw fault;
    },
    () => Promise.reject(fault),
  ];
  for (const broken of failing) {
    using told = stub(console, "error");
    const logged = logging({ ...silent, debug: broken, warn: broken });
    assertStrictEquals(await logged(received(), () => Promise.resolve("done")), "done");
    const error = new Error("no");
    const result = await outcome(() => logged(received(), () => Promise.reject(error)));
    assertStrictEquals(result, error);
    await new Promise((resolve) => setTimeout(resolve));
    const failed = " (the logger failed: The disk is\\x0afull)";
    assertEquals(
      told.calls.map(({ args }) => String(args[0]).replace(/\d+\.\d ms/, "0 ms")),
      [`Handled "orders.42" in 0 ms: ok${failed}`, `Handled "orders.42" in 0 ms: 500${failed}`],
    );
  }
});

Deno.test("logging() escapes the marks that turn the direction of text", async () => {
  const { written, logger } = lines();
  await logging(logger)(received("a.\u202eb"), () => Promise.resolve());
  assertStringIncludes(String(written[0]), 'Handled "a.\\u202eb"');
});

Deno.test("logging() names what is wrong with its logger and its options", () => {
  const wrong = (logger: unknown, options: unknown, sentence: string) =>
    assertThrows(
      () => logging(logger as Console, options as LoggingOptions),
      TypeError,
      `Cannot log messages as ${sentence}`,
    );
  wrong(undefined, {}, `"logger" must be shaped as console: undefined`);
  wrong(null, {}, `"logger" must be shaped as console: null`);
  wrong({ debug() {} }, {}, `"logger" must be shaped as console: [object Object]`);
  const levels = `one of "debug", "info", "warn", "error"`;
  wrong(silent, { level: "trace" }, `"level" must be ${levels}: "trace"`);
  wrong(silent, { errorLevel: 1 }, `"errorLevel" must be ${levels}: 1`);
  wrong(silent, { bodies: true }, `an option must be one of level, errorLevel: "bodies"`);
});
