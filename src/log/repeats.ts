import type { Clock, Timer } from "../clock.ts";
import type { LogEntry } from "./logger.ts";

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
