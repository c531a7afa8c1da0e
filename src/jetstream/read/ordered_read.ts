import { asMilliseconds } from "../../duration.ts";
import { ConnectionError } from "../../errors.ts";
import { asError } from "../../legible.ts";
import { handled } from "../../promises.ts";
import { Queue } from "../../queue.ts";
import type { NextOptions } from "../../reader.ts";
import { Pattern } from "../../door/mod.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { checkName } from "../api/names.ts";
import type { From } from "./from.ts";
import { openReads } from "./open_reads.ts";
import { ReadFeed } from "./read_feed.ts";
import type { DeliveredMessage, StoredMessage } from "./stored_message.ts";

/** Options of an {@linkcode OrderedRead}. */
export interface OrderedReadOptions {
  readonly stream: string;
  /**
   * Subjects, with or without wildcards.
   *
   * @default {all}
   */
  readonly filters?: readonly string[];
  /**
   * Where to start.
   *
   * @default {"first"}
   */
  readonly from?: From;
  /** Whether to read headers only, without bodies. */
  readonly headersOnly?: boolean;
  /** Ends the read with the last message that exists when it begins. */
  readonly until?: "now" | undefined;
  /**
   * Whether a message that replaces one of the initial state is part of it, so that the initial state lacks no subject
   * that has had a message all along.
   *
   * @default {whether it is read from the last message, or from those of each subject}
   */
  readonly whole?: boolean;
  /**
   * How many bytes may wait to be read, plus a single message of any size.
   *
   * @default {1_048_576}
   */
  readonly maxBytes?: number;
  /**
   * What the error says if the stream is a work queue.
   *
   * @default {that only its consumer may read it}
   */
  readonly queueRule?: string;
  /** Called between the last message of a stream and the first one of a new stream of the same name. */
  readonly replaced?: () => void;
  /** Called once the initial state has been read, for each stream of this name. */
  readonly complete?: () => void;
  /** Called repeatedly while no message is left: messages still expected may have been deleted. */
  readonly idle?: () => void;
}

/**
 * Why a read has ended: `complete`, it has reached the end of `until: "now"`; `cancelled`, the program ended it;
 * `connection`, the broker stopped; `failed`, `next()` throws the reason.
 */
export type ReadEnd = "complete" | "cancelled" | "connection" | "failed";

const BOUND = 1_048_576;

/** The filters of the consumer: for the last message of each subject, the server requires at least one. */
export function filtersOf(filters: readonly string[] = [], from?: From): readonly string[] {
  return from === "last-per-subject" && filters.length === 0 ? [">"] : filters;
}

/** A message that waits, or an event that waits in its place. */
type Waiting = DeliveredMessage | "replaced" | "complete" | "idle";

/**
 * Reads a stream in order, without gaps or duplicates, and without acknowledgements: with an ephemeral consumer in the
 * server's memory, which is replaced whenever it is lost. Requests only as much as there is room for. Returns raw
 * messages; the doors decode them.
 */
export class OrderedRead {
  /** Resolves once the read has begun, with the number of messages in the initial state; rejects if it cannot begin. */
  readonly ready: Promise<{ readonly pending: number }>;
  readonly #api: JetStreamApi;
  readonly #options: OrderedReadOptions;
  readonly #feed: ReadFeed;
  readonly #waiting = new Queue<Waiting>();
  readonly #began = Promise.withResolvers<{ readonly pending: number }>();
  readonly #closed = Promise.withResolvers<ReadEnd>();
  readonly #stopListening: () => void;
  #end: ReadEnd | undefined;
  /** Resolves once it has ended, and its consumer is deleted. */
  #ended: Promise<void> | undefined;
  #error: Error | undefined;

  /**
   * Starts reading.
   *
   * @throws {TypeError} for an invalid stream name
   * @throws {InvalidSubjectError} for an invalid filter
   */
  constructor(api: JetStreamApi, options: OrderedReadOptions) {
    checkName("read a stream", options.stream);
    for (const filter of options.filters ?? []) new Pattern(filter, `read "${options.stream}"`);
    this.#api = api;
    this.#options = options;
    this.ready = handled(this.#began.promise);
    this.#feed = this.#newFeed();
    this.#stopListening = api.access.onConnection((change) => {
      if (change === "closed") this.stop();
      else if (change === "back") this.#feed.reconnected();
    });
    if (openReads(api.access).enter(this)) this.#feed.start();
    else this.stop();
  }

  /** Resolves with the reason once the read has ended; messages received before can still be read. */
  get closed(): Promise<ReadEnd> {
    return this.#closed.promise;
  }

  /** How often a new consumer had to resume. */
  get resets(): number {
    return this.#feed.resets;
  }

  /**
   * The next message; `undefined` once the read has ended.
   *
   * @throws {TimeoutError} if no message arrives within `timeout`
   * @throws the reason of `signal`, or why the read has failed
   */
  next(options: NextOptions = {}): Promise<StoredMessage | undefined> {
    const now = this.readNow();
    return now ? Promise.resolve(now) : handled(this.#next(options));
  }

  /** The next message, if one has arrived. */
  readNow(): StoredMessage | undefined {
    for (;;) {
      const entry = this.#waiting.shift();
      const message = entry && this.#read(entry);
      if (message || !entry) return message;
    }
  }

  /** Ends the read, and drops unread messages; resolves once its consumer is deleted. */
  close(): Promise<void> {
    this.#waiting.clear();
    return this.cancel();
  }

  /** Ends the read; messages received before can still be read. */
  cancel(): Promise<void> {
    return this.#finish("cancelled");
  }

  /** Ends the read as the broker stops; messages received before can still be read. */
  stop(): Promise<void> {
    const { stream, until } = this.#options;
    if (until === undefined && this.#feed.hasBegun) return this.#finish("connection");
    const rule = "the broker must stay connected: it stops";
    return this.#fail(
      new ConnectionError(`Cannot read "${stream}" to its end as ${rule}`, "closed"),
    );
  }

  async #next({ timeout: given, signal }: NextOptions): Promise<StoredMessage | undefined> {
    const timeout = asMilliseconds(given);
    const { clock } = this.#api.access;
    // a timer of Infinity milliseconds would fire immediately
    const patience = { clock, timeout: timeout === Infinity ? undefined : timeout, signal };
    for (;;) {
      const entry = await this.#waiting.wait(patience, `read "${this.#options.stream}"`);
      if (!entry && this.#error) throw this.#error;
      const message = entry && this.#read(entry);
      if (message || !entry) return message;
    }
  }

  #newFeed(): ReadFeed {
    const { stream, from = "first", until, maxBytes = BOUND } = this.#options;
    const { headersOnly = false, queueRule } = this.#options;
    const lastPerSubject = from === "last-per-subject";
    const filters = filtersOf(this.#options.filters, from);
    const { whole: isWhole = lastPerSubject || from === "last" } = this.#options;
    const untilNow = until === "now";
    const how = { lastPerSubject, headersOnly, untilNow, isWhole, maxBytes, queueRule };
    return new ReadFeed(this.#api, { stream, filters, from, ...how }, {
      began: (pending) => this.#began.resolve({ pending }),
      take: (message) => this.#add(message, message.size),
      replaced: () => this.#add("replaced", 0),
      idle: () => this.#idle(),
      complete: () => untilNow ? this.#finish("complete") : this.#completed(),
      failed: (error) => this.#fail(error),
    });
  }

  #add(entry: Waiting, size: number): void {
    if (!this.#waiting.hand(entry)) this.#waiting.push(entry, size);
  }

  #completed(): void {
    if (this.#options.complete) this.#add("complete", 0);
  }

  #idle(): void {
    if (this.#options.idle && this.#waiting.length === 0) this.#add("idle", 0);
  }

  #read(entry: Waiting): StoredMessage | undefined {
    if (typeof entry === "string") return void this.#tell(entry);
    this.#feed.freed(entry.size);
    return entry;
  }

  #tell(what: "replaced" | "complete" | "idle"): void {
    try {
      this.#options[what]?.();
    } catch (error) {
      this.#api.access.report(asError(error));
    }
  }

  #fail(error: Error): Promise<void> {
    if (!this.#end) this.#error = error;
    return this.#finish("failed");
  }

  #finish(end: ReadEnd): Promise<void> {
    if (this.#end) return this.#ended ?? Promise.resolve();
    this.#end = end;
    return this.#ended = this.#leave(end);
  }

  async #leave(end: ReadEnd): Promise<void> {
    this.#stopListening();
    this.#waiting.end();
    this.#closed.resolve(end);
    this.#began.reject(this.#error ?? new Error(`Cannot read as the read must be open: ${end}`));
    await this.#feed.end();
    // a broker that stops meanwhile waits until the consumer is deleted
    openReads(this.#api.access).leave(this);
  }
}
