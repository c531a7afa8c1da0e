import { asError } from "../legible.ts";
import { handled } from "../promises.ts";
import { OrderedRead, type ReadEnd } from "../jetstream/read/ordered_read.ts";
import type { StoredMessage } from "../jetstream/read/stored_message.ts";
import type { ChangesOptions } from "./changes.ts";
import type { Entry } from "./entry.ts";
import type { KeyPattern } from "./keys.ts";
import type { OpenedBucket } from "./opened_bucket.ts";

/** Where changes begin. */
export type WatchStart = {
  readonly [Name in "updatesOnly" | "history" | "after"]?: ChangesOptions[Name] | undefined;
};

/** A change, or something that was there when the watch began. */
export interface Watched {
  readonly entry: Entry;
  readonly message: StoredMessage;
  /** Whether it was there when the watch began. */
  readonly isInitial: boolean;
}

/** What else a watch tells its reader, while that waits for the next entry. */
export interface WatchListener {
  /** All that was there when the watch began has been given. */
  complete(): void;
  /** Another bucket has taken the place of the first, which is gone with all it had. */
  replaced(): void;
  /** Nothing more is there at the moment; told now and then. */
  idle?(): void;
  /** A value cannot be read, and was reported. */
  refused?(message: StoredMessage): void;
}

/** The changes of a bucket in order, for one reader. What cannot be read is reported, and left out. */
export class Watch {
  /** Resolves once it has begun: it gives all changes from then on. */
  readonly ready: Promise<void>;
  readonly #bucket: OpenedBucket;
  readonly #listener: WatchListener;
  readonly #read: OrderedRead;
  /** How many are to come that were there when it began. */
  #left = Infinity;
  #isComplete = false;

  constructor(
    bucket: OpenedBucket,
    pattern: KeyPattern,
    start: WatchStart,
    listener: WatchListener,
  ) {
    const { api, stream, subjectOf } = bucket;
    this.#bucket = bucket;
    this.#listener = listener;
    this.#read = new OrderedRead(api, {
      stream,
      filters: [subjectOf(pattern.wildcard)],
      ...startOf(start),
      replaced: () => this.#replaced(),
      idle: () => this.#idle(),
    });
    this.ready = handled(this.#begin());
  }

  /** Resolves with the reason once it has ended. */
  get closed(): Promise<ReadEnd> {
    return this.#read.closed;
  }

  /**
   * The next entry, once the reader is done with the one before; `undefined` at the end.
   *
   * @throws why it has failed
   */
  async next(): Promise<Watched | undefined> {
    if (this.#left === Infinity) await this.ready;
    for (;;) {
      if (this.#left <= 0) this.#complete();
      const message = this.#read.readNow() ?? await this.#read.next();
      if (!message) return undefined;
      const isInitial = !this.#isComplete;
      this.#left = message.pending === 0 ? 0 : this.#left - 1;
      const entry = await this.#readEntry(message);
      if (entry) return { entry, message, isInitial };
    }
  }

  /** Ends it; resolves once the server has forgotten it. */
  close(): Promise<void> {
    return this.#read.close();
  }

  async #begin(): Promise<void> {
    try {
      const { pending } = await this.#read.ready;
      this.#left = pending;
    } catch (error) {
      throw this.#bucket.nameIn(error, "watch what changes");
    }
  }

  async #readEntry(message: StoredMessage): Promise<Entry | undefined> {
    try {
      return await this.#bucket.read(message);
    } catch (error) {
      this.#bucket.access.report(asError(error), message.subject);
      this.#listener.refused?.(message);
    }
  }

  #complete(): void {
    if (this.#isComplete) return;
    this.#isComplete = true;
    this.#listener.complete();
  }

  #idle(): void {
    this.#complete();
    this.#listener.idle?.();
  }

  #replaced(): void {
    // how many the new bucket has is not known: the last one says that it is the last
    this.#left = Number.MAX_SAFE_INTEGER;
    this.#bucket.reportReplaced();
    this.#listener.replaced();
  }
}

function startOf({ updatesOnly, history, after }: WatchStart) {
  if (updatesOnly) return { from: "new" } as const;
  if (history) return { from: "first" } as const;
  if (after !== undefined) return { from: { seq: after + 1 } } as const;
  return { lastPerSubject: true } as const;
}
