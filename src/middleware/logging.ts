import { clockOfWork } from "../message/work.ts";
import { ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/reply.ts";
import { asError, legible, shortened } from "../legible.ts";
import { checkOptions } from "../options.ts";
import { isThenable } from "../promises.ts";
import { checkRequired, type LogLevel, logLevel, shapedAsConsole } from "./checks.ts";
import type { Middleware } from "./middleware.ts";

/** The levels of the lines. */
export interface LoggingOptions {
  /**
   * For a message that the handler handled.
   *
   * @default {"debug"}
   */
  readonly level?: LogLevel;
  /**
   * For a message that got an error as its answer.
   *
   * @default {"warn"}
   */
  readonly errorLevel?: LogLevel;
}

const RULES = { level: logLevel, errorLevel: logLevel };

/**
 * Makes a middleware that writes one line for each message: its subject, `ok` or the code of the error, and how many
 * milliseconds it took. It never writes a body or the text of an error.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { logging } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertMatch } from "@std/assert";
 *
 * const lines: string[] = [];
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.use(logging({ ...console, info: (line) => lines.push(line) }, { level: "info" }));
 * broker.subscriber("greet.{name}", ({ params }) => `Hello, ${params.name}`);
 *
 * await using _test = await TestBroker.start(broker);
 * await broker.request("greet.Ada");
 * assertMatch(lines[0]!, /^Handled "greet.Ada" in \d+\.\d ms: ok$/);
 * ```
 *
 * @param logger `console` or an object shaped like it; if it fails, the line goes to the console
 * @throws {TypeError} if `logger` lacks a level, or naming the first option that is unknown or wrong
 */
export function logging(
  logger: Pick<Console, LogLevel>,
  options: LoggingOptions = {},
): Middleware<unknown> {
  checkRequired("log messages", { logger }, { logger: shapedAsConsole });
  checkOptions("log messages", options, RULES);
  const { level = "debug", errorLevel = "warn" } = options;
  const write = (at: LogLevel, subject: string, took: string, outcome: string | number) => {
    // escaped, as it may hold a terminal's escape sequences, and marks that change the direction of text
    const shownSubject = legible(shortened(JSON.stringify(subject)));
    const line = `Handled ${shownSubject} in ${took} ms: ${outcome}`;
    const fail = (thrown: unknown) => {
      const { message } = asError(thrown, "It threw");
      console.error(`${line} (the logger failed: ${legible(shortened(message))})`);
    };
    try {
      const written: unknown = logger[at](line);
      // an async logger may reject, and nobody awaits it
      if (isThenable(written)) Promise.resolve(written).catch(fail);
    } catch (thrown) {
      // the handler is done, and a logger that throws must not change its reply
      fail(thrown);
    }
  };
  return async function logging({ subject }, next) {
    const clock = clockOfWork();
    const begun = clock.now();
    const took = () => (clock.now() - begun).toFixed(1);
    try {
      const reply = await next();
      write(level, subject, took(), "ok");
      return reply;
    } catch (error) {
      write(errorLevel, subject, took(), codeOf(error));
      throw error;
    }
  };
}

function codeOf(thrown: unknown): number {
  const error = asError(thrown);
  return error instanceof ReplyError ? error.code : ERROR_CODES.internal;
}
