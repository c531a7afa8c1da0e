import { shortened } from "../subject/shortened.ts";
import { legible } from "./legible.ts";

/** What an event is about, for a structured logger: the broker's name, a subject, a correlation id, counts. */
export type LogFields = Readonly<Record<string, unknown>>;

/** How much a line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * Where log lines go: `console`, or an object with these four methods.
 *
 * `console`, and whatever else has a `table` method, gets one text a line: time, level, broker, sentence and what the
 * event is about. Any other object gets the sentence, and the rest as `fields`, which is how structured loggers take it.
 *
 * @example
 * ```ts
 * import { type Logger, NatsBroker } from "@signalbox/nats";
 *
 * const write = (level: string) => (message: string, fields?: Readonly<Record<string, unknown>>) =>
 *   console.log(JSON.stringify({ level, message, ...fields }));
 * const logger: Logger = {
 *   debug: () => {},
 *   info: write("info"),
 *   warn: write("warn"),
 *   error: write("error"),
 * };
 * const broker = new NatsBroker("nats://127.0.0.1:4222", { name: "shop", logger });
 * ```
 */
export interface Logger {
  /** Stacks of errors, and what is of interest only while a program is written. */
  debug(message: string, fields?: LogFields): void;
  /** What goes as it should: started, connected again. */
  info(message: string, fields?: LogFields): void;
  /** What passes by itself, and is worth a look if it happens often. */
  warn(message: string, fields?: LogFields): void;
  /** What failed. */
  error(message: string, fields?: LogFields): void;
}

/** One line of the log, before it has a form. */
export interface LogEntry {
  readonly level: LogLevel;
  /** A sentence for people. */
  readonly message: string;
  readonly fields: LogFields;
}

/** Where lines go if no logger is given: to standard error, because standard output belongs to the program. */
export const standardError: Logger & Pick<Console, "table"> = {
  debug() {},
  info: (line) => console.error(line),
  warn: (line) => console.error(line),
  error: (line) => console.error(line),
  table() {},
};

/** What a line shows behind its sentence, unless the sentence has it already. */
const SHOWN = ["subject", "pattern", "correlationId"];

/** Writes an entry in the form that the logger takes. */
export function write(logger: Logger, { level, message, fields }: LogEntry): void {
  try {
    if (takesText(logger)) logger[level](lineOf(level, message, fields));
    else logger[level](message, withoutInboxes(fields));
  } catch (error) {
    // the broker is in the middle of its work, and a logger that throws is no reason to leave it
    console.error(error);
  }
}

function withoutInboxes(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? shortened(value) : value,
    ]),
  );
}

function takesText(logger: Logger): boolean {
  return typeof (logger as Partial<Console>).table === "function";
}

function lineOf(level: LogLevel, message: string, fields: LogFields): string {
  const about = SHOWN.flatMap((name) => {
    const value = fields[name];
    if (typeof value !== "string") return [];
    const shown = shortened(value);
    return message.includes(shown) ? [] : [` ${name}=${legible(JSON.stringify(shown))}`];
  });
  const time = new Date().toISOString();
  return `${time} ${level.toUpperCase()} [${fields.broker}] ${message}${about.join("")}`;
}
