import type { Clock, Timer } from "../clock.ts";
import { type BrokerEvent, type EventFeed, isPowerOfTen } from "../events.ts";
import { asError, legible, legibleLines, shortened } from "../legible.ts";
import { type LogEntry, type Logger, type LogLevel, write } from "./logger.ts";

/** How many causes of an error to follow. */
const DEEPEST = 5;

/**
 * Writes one line for each event of the feed, with the broker's name, until the program calls the returned function.
 */
export function logEvents(
  feed: EventFeed,
  logger: Logger,
  broker: string,
  clock: Clock,
): () => void {
  const log = new EventLog(logger, broker, clock);
  return feed.listen((event) => log.take(event), true);
}

class EventLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #broker: string;
  readonly #repeats: Repeats;

  constructor(logger: Logger, broker: string, clock: Clock) {
    this.#clock = clock;
    this.#logger = logger;
    this.#broker = legible(broker);
    this.#repeats = new Repeats(clock, (entry) => write(logger, entry));
  }

  take(event: BrokerEvent): void {
    const line = lineOf(event);
    if (!line) return;
    const { type, ...fields } = event;
    const time = this.#clock.wallTime();
    const entry = { ...line, time, fields: { broker: this.#broker, ...fields } };
    if (type === "error") {
      // count errors of one class in one handler as repeats
      const isWritten = this.#repeats.take(
        `${asError(event.error).name} ${event.pattern ?? ""}`,
        entry,
      );
      if (isWritten) this.#writeStack(event.error);
      return;
    }
    write(this.#logger, entry);
    if (type !== "closed") return;
    if (event.error) this.#writeStack(event.error);
    this.#repeats.flush();
  }

  #writeStack(error: Error): void {
    const message = legibleLines(shortened(stackOf(error)));
    const time = this.#clock.wallTime();
    write(this.#logger, { time, level: "debug", message, fields: { broker: this.#broker } });
  }
}

function lineOf(event: BrokerEvent): Omit<LogEntry, "fields" | "time"> | undefined {
  const sentence = sentenceOf(event);
  return sentence && { level: sentence[0], message: legible(shortened(sentence[1])) };
}

function sentenceOf(event: BrokerEvent): [LogLevel, string] | undefined {
  switch (event.type) {
    case "connected":
      return event.reconnects === 0
        ? ["debug", `Connected to ${event.server}`]
        : ["info", `Connected to ${event.server} again`];
    case "disconnected":
      return ["warn", `Disconnected from ${event.server}${fateOf(event.unconfirmed)}`];
    case "reconnecting":
      return ["debug", `Reconnecting, attempt ${event.attempt}`];
    case "slowConsumer":
      // log only the first loss, the tenth, the hundredth: each line shows the total
      if (!isPowerOfTen(event.dropped)) return undefined;
      return [
        "warn",
        `Slow consumer on "${shortened(event.subject)}": ${
          countOf(event.dropped, "message")
        } dropped`,
      ];
    case "lameDuck":
      return ["warn", `The server ${event.server} is shutting down`];
    case "subscriptionLost":
      return ["warn", `Lost the subscription to "${shortened(event.subject)}"; will try again`];
    case "subscriptionRestored":
      return ["info", `Restored the subscription to "${shortened(event.subject)}"`];
    case "started": {
      const { server, version, subscribers } = event;
      return ["info", `Started ${countOf(subscribers, "subscriber")} on ${server} (${version})`];
    }
    case "stopping":
      return ["info", `Stopping${waitOf(event)}`];
    case "error":
      return ["error", textOf(event.error)];
    case "closed":
      return event.error ? ["error", `Closed: ${textOf(event.error)}`] : ["debug", "Closed"];
  }
}

function textOf(error: Error): string {
  const { name, message } = asError(error);
  return `${name}: ${message}`;
}

function fateOf(unconfirmed: number): string {
  return unconfirmed > 0 ? `; ${countOf(unconfirmed, "unconfirmed message")} may be lost` : "";
}

function waitOf({ handlers, sessions }: { handlers: number; sessions: number }): string {
  const waits = [
    ...handlers > 0 ? [countOf(handlers, "handler")] : [],
    ...sessions > 0 ? [countOf(sessions, "session or stream", "sessions and streams")] : [],
  ];
  return waits.length > 0 ? `, waiting for ${waits.join(" and ")}` : "";
}

function countOf(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** The stacks of an error and of its causes. */
function stackOf(error: Error): string {
  const stacks: string[] = [];
  let each: unknown = error;
  while (each !== undefined && stacks.length < DEEPEST) {
    const { name, message, stack = `${name}: ${message}`, cause } = asError(each, "Thrown:");
    stacks.push(stack);
    each = cause;
  }
  return stacks.join("\nCaused by: ");
}

/** How long to count repeated lines before writing the count, in milliseconds. */
const WINDOW = 10_000;
/** How many lines of one kind to write within that time. */
const MOST = 5;
/** How many kinds to count separately; all further kinds share one count. */
const KINDS = 256;

interface Kind {
  /** When the first line was written, by the clock. */
  readonly since: number;
  readonly written: string[];
  count: number;
  last: LogEntry;
}

/**
 * Keeps a flood of events from becoming a flood of lines. Within ten seconds it writes a few different lines of each
 * kind, counts the rest, and then writes the count.
 */
export class Repeats {
  readonly #clock: Clock;
  readonly #write: (entry: LogEntry) => void;
  readonly #kinds = new Map<string, Kind>();
  #timer: Timer | undefined;

  constructor(clock: Clock, write: (entry: LogEntry) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  /** Writes the entry, or counts it; returns whether it wrote it. */
  take(name: string, entry: LogEntry): boolean {
    const kind = this.#kindOf(name, entry);
    const { written } = kind;
    if (written.length < MOST && !written.includes(entry.message)) {
      written.push(entry.message);
      this.#write(entry);
      return true;
    }
    kind.count++;
    kind.last = entry;
    this.#timer ??= this.#start();
    return false;
  }

  /** Writes the counts and starts anew. */
  flush(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    const kinds = [...this.#kinds.values()];
    this.#kinds.clear();
    for (const { count, last } of kinds) if (count > 0) this.#writeCount(last, count);
  }

  #kindOf(name: string, entry: LogEntry): Kind {
    const now = this.#clock.now();
    const key = this.#kinds.size < KINDS || this.#kinds.has(name) ? name : "";
    const known = this.#kinds.get(key);
    if (known && (known.count > 0 || now - known.since < WINDOW)) return known;
    const kind = { since: now, written: [], count: 0, last: entry };
    this.#kinds.set(key, kind);
    return kind;
  }

  #writeCount({ level, message, fields }: LogEntry, repeated: number): void {
    const times = repeated === 1 ? "once more" : `${repeated} more times`;
    const counted = `${message} (${times} within ${WINDOW / 1_000} s)`;
    const time = this.#clock.wallTime();
    this.#write({ time, level, message: counted, fields: { ...fields, repeated } });
  }

  #start(): Timer {
    const timer = this.#clock.setTimeout(() => this.flush(), WINDOW);
    // the timer must not keep an idle program from ending
    timer.unref();
    return timer;
  }
}
