import { asError, legible, shortened } from "../legible.ts";
import { isThenable } from "../promises.ts";

/** What an event is about, for a structured logger: the broker's name, a subject, a correlation id, counts. */
export type LogFields = Readonly<Record<string, unknown>>;

/** How severe a line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * Where log lines go: `console`, or an object with these four methods.
 *
 * `console`, and any other object with a `table` method, gets one text for each line: time, level, broker, sentence and
 * the subject of the event. Any other object gets the sentence and the rest as `fields`, as structured loggers expect.
 * The fields fit JSON: text, numbers, and an error as its `name`, `message`, `code` and `reason`.
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
  /** Stacks of errors, and details for developers. */
  debug(message: string, fields?: LogFields): void;
  /** Normal events: started, connected again. */
  info(message: string, fields?: LogFields): void;
  /** Problems that resolve themselves; look into them if they happen often. */
  warn(message: string, fields?: LogFields): void;
  /** Failures. */
  error(message: string, fields?: LogFields): void;
}

/** One line of the log, before it is formatted. */
export interface LogEntry {
  /** When the event happened, in milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  /** A sentence for people. */
  readonly message: string;
  readonly fields: LogFields;
}

/** The default logger: writes to standard error, because standard output belongs to the program. */
export const standardError: Logger & Pick<Console, "table"> = {
  debug() {},
  info: (line) => console.error(line),
  warn: (line) => console.error(line),
  error: (line) => console.error(line),
  table() {},
};

/** The fields that a line shows after its sentence, unless the sentence contains them. */
const SHOWN = ["subject", "pattern", "correlationId"];

/** Writes an entry in the form that the logger expects. */
export function write(logger: Logger, entry: LogEntry): void {
  const { level, message, fields } = entry;
  const fail = (thrown: unknown) => {
    try {
      console.error(failedLine(entry, thrown));
    } catch {
      // a closed standard error must not end the process
    }
  };
  try {
    const written: unknown = takesText(logger)
      ? logger[level](lineOf(entry))
      : logger[level](message, plainFields(fields));
    // an async logger may reject, and nobody awaits it
    if (isThenable(written)) Promise.resolve(written).catch(fail);
  } catch (thrown) {
    // a logger that throws must not interrupt the broker's work
    fail(thrown);
  }
}

/** The line that a logger failed to write, and the reason. */
function failedLine(entry: LogEntry, thrown: unknown): string {
  const { message: why } = asError(thrown, "It threw");
  // only the first line, as a stack is for the level `debug`
  const line = lineOf({ ...entry, message: entry.message.split("\n", 1)[0]! });
  return `${line} (the logger failed: ${legible(shortened(why))})`;
}

/** Fields that any logger can write: without inboxes, and without objects that JSON cannot express. */
function plainFields(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (typeof value === "string") return [name, shortened(value)];
      return [name, value instanceof Error ? plainError(value) : value];
    }),
  );
}

/** Takes only known fields of an error: others may hold a cycle, or the password of the failed request. */
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
    // look for the quoted text, as a short subject may be a part of any word
    const quoted = legible(JSON.stringify(shown));
    return message.includes(quoted) ? [] : [` ${name}=${quoted}`];
  });
  return `${new Date(time).toISOString()} ${level.toUpperCase()} [${fields.broker}] ${message}${
    about.join("")
  }`;
}
