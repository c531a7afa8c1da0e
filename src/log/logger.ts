import { shortened } from "../subject/shortened.ts";
import { isThenable } from "../thenable.ts";
import { asError } from "../thrown.ts";
import { legible } from "./legible.ts";

/** What an event is about, for a structured logger: the broker's name, a subject, a correlation id, counts. */
export type LogFields = Readonly<Record<string, unknown>>;

/** How much a line matters. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * Where log lines go: `console`, or an object with these four methods.
 *
 * `console`, and whatever else has a `table` method, gets one text a line: time, level, broker, sentence and what the
 * event is about. Any other object gets the sentence, and the rest as `fields`, which is how structured loggers take it:
 * text, numbers, and an error as its `name`, `message`, `code` and `reason`, so that JSON can be made of them.
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
  /** When it happened, in milliseconds since 1970. */
  readonly time: number;
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
export function write(logger: Logger, entry: LogEntry): void {
  const { level, message, fields } = entry;
  const fail = (thrown: unknown) => {
    try {
      console.error(failedLine(entry, thrown));
    } catch {
      // standard error may be closed, which is no reason to end the process
    }
  };
  try {
    const written: unknown = takesText(logger)
      ? logger[level](lineOf(entry))
      : logger[level](message, plainFields(fields));
    // a logger that is async may reject, which nobody awaits
    if (isThenable(written)) Promise.resolve(written).catch(fail);
  } catch (thrown) {
    // the broker is in the middle of its work, and a logger that throws is no reason to leave it
    fail(thrown);
  }
}

/** What a logger did not take, and why not. */
function failedLine(entry: LogEntry, thrown: unknown): string {
  const { message: why } = asError(thrown, "It threw");
  // a stack has many lines, and at any level but debug there is no place for it
  const line = lineOf({ ...entry, message: entry.message.split("\n", 1)[0]! });
  return `${line} (the logger failed: ${legible(shortened(why))})`;
}

/** Fields that any logger can write: no inbox, and no object that JSON fails at. */
function plainFields(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (typeof value === "string") return [name, shortened(value)];
      return [name, value instanceof Error ? plainError(value) : value];
    }),
  );
}

/** An error's own fields may be a cycle, or the password of the request that failed. */
function plainError(error: Error): LogFields {
  const { name, message } = asError(error);
  const fields = { name: legible(name), message: legible(shortened(message)) };
  const { code, reason } = error as { readonly code?: unknown; readonly reason?: unknown };
  return {
    ...fields,
    ...(typeof code === "string" || typeof code === "number") && { code },
    ...typeof reason === "string" && { reason },
  };
}

function takesText(logger: Logger): boolean {
  return typeof (logger as Partial<Console>).table === "function";
}

function lineOf({ time, level, message, fields }: LogEntry): string {
  const about = SHOWN.flatMap((name) => {
    const value = fields[name];
    if (typeof value !== "string") return [];
    const shown = shortened(value);
    // quoted, as a short subject may be a part of any word
    const quoted = legible(JSON.stringify(shown));
    return message.includes(quoted) ? [] : [` ${name}=${quoted}`];
  });
  return `${new Date(time).toISOString()} ${level.toUpperCase()} [${fields.broker}] ${message}${
    about.join("")
  }`;
}
