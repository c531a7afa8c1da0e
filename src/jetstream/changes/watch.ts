import { asError } from "../../legible.ts";
import { handled } from "../../promises.ts";
import type { BrokerAccess } from "../../door/mod.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { OrderedRead, type ReadEnd } from "../read/ordered_read.ts";
import type { StoredMessage } from "../read/stored_message.ts";

/** Where changes begin. */
export interface WatchStart {
  /** With what comes from now on. */
  readonly updatesOnly?: boolean | undefined;
  /** With all revisions that are there, and not only the last ones. */
  readonly history?: boolean | undefined;
  /** Behind this revision. */
  readonly after?: number | undefined;
}

/** A bucket whose changes can be watched; `Entry` is what its messages are read as. */
export interface Watchable<Entry> {
  readonly name: string;
  readonly api: JetStreamApi;
  readonly access: BrokerAccess;
  readonly stream: string;
  /** Declares the bucket, once; `undefined` if that is done. */
  ready(): Promise<void> | undefined;
  /**
   * Reads a message.
   *
   * @throws what is wrong with it
   */
  read(message: StoredMessage): Entry | Promise<Entry>;
  /** Says that it is the bucket that is missing, where the error says so of its stream. */
  nameIn(error: unknown, action: string): unknown;
  /** Tells that the bucket has been deleted, and made again. */
  reportReplaced(): void;
}

/** A change, or something that was there when the watch began. */
export interface Watched<Entry> {
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
  /** A message cannot be read, and was reported. */
  refused?(message: StoredMessage): void;
}

/** The changes of a bucket in order, for one reader. What cannot be read is reported, and left out. */
export class Watch<Entry> {
  /** Resolves once it has begun: it gives all changes from then on. */
  readonly ready: Promise<void>;
  readonly #bucket: Watchable<Entry>;
  readonly #listener: WatchListener;
  readonly #read: OrderedRead;
  #hasBegun = false;
  #isComplete = false;
  /** One whose schema takes its time. */
  #late: Promise<Watched<Entry> | undefined> | undefined;

  /** Begins to watch the messages whose subjects match the filter. */
  constructor(
    bucket: Watchable<Entry>,
    filter: string,
    start: WatchStart,
    listener: WatchListener,
  ) {
    const { api, stream } = bucket;
    this.#bucket = bucket;
    this.#listener = listener;
    this.#read = new OrderedRead(api, {
      stream,
      filters: [filter],
      ...startOf(start),
      whole: true,
      complete: () => this.#complete(),
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
  async next(): Promise<Watched<Entry> | undefined> {
    if (!this.#hasBegun) await this.ready;
    for (;;) {
      const now = this.readNow();
      if (now) return now;
      const late = this.#late;
      this.#late = undefined;
      const message = late ? undefined : await this.#read.next();
      if (!late && !message) return undefined;
      const watched = await (late ?? this.#take(message!));
      if (watched) return watched;
    }
  }

  /** The next entry, if it has come and needs no wait. */
  readNow(): Watched<Entry> | undefined {
    if (!this.#hasBegun || this.#late) return undefined;
    for (;;) {
      const message = this.#read.readNow();
      if (!message) return undefined;
      const read = this.#take(message);
      if (read instanceof Promise) {
        this.#late = read;
        return undefined;
      }
      if (read) return read;
    }
  }

  /** Ends it; resolves once the server has forgotten it. */
  close(): Promise<void> {
    return this.#read.close();
  }

  async #begin(): Promise<void> {
    try {
      await this.#read.ready;
      this.#hasBegun = true;
    } catch (error) {
      throw this.#bucket.nameIn(error, "watch what changes");
    }
  }

  /** Reads a message; a promise only if the schema is async. */
  #take(message: StoredMessage): Watched<Entry> | undefined | Promise<Watched<Entry> | undefined> {
    const isInitial = !this.#isComplete;
    try {
      const entry = this.#bucket.read(message);
      if (!(entry instanceof Promise)) return { entry, message, isInitial };
      return entry.then(
        (entry) => ({ entry, message, isInitial }),
        (error) => this.#refused(message, error),
      );
    } catch (error) {
      return this.#refused(message, error);
    }
  }

  #refused(message: StoredMessage, error: unknown): undefined {
    this.#bucket.access.report(asError(error), message.subject);
    this.#listener.refused?.(message);
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
    this.#bucket.reportReplaced();
    this.#listener.replaced();
  }
}

function startOf({ updatesOnly, history, after }: WatchStart) {
  if (updatesOnly) return { from: "new" } as const;
  if (history) return { from: "first" } as const;
  if (after !== undefined) return { from: { seq: after + 1 } } as const;
  return { from: "last-per-subject" } as const;
}
