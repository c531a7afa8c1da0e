import { handled } from "../promises.ts";
import { OrderedRead, type OrderedReadOptions } from "../jetstream/read/ordered_read.ts";
import type { StoredMessage } from "../jetstream/read/stored_message.ts";
import type { ListOptions } from "./call_options.ts";
import type { Entry } from "./entry.ts";
import type { KeyPattern } from "./keys.ts";
import { kindOf } from "./operation.ts";
import type { OpenedBucket } from "./opened_bucket.ts";

/** Iterates over the keys that have a value now. */
export function keysOf(
  bucket: OpenedBucket,
  pattern: KeyPattern,
  limits: ListOptions,
): AsyncIterableIterator<string> {
  const how = { from: "last-per-subject", headersOnly: true } as const;
  // a key that changes during the iteration is delivered again
  const listed = new Set<string>();
  return new List(bucket, pattern, how, limits, (message) => {
    const isThere = !message.headerBlock || kindOf(message.headers) === "put";
    const key = bucket.keyOf(message.subject);
    if (!isThere || listed.has(key)) return undefined;
    listed.add(key);
    return key;
  });
}

/** Iterates over all revisions that the bucket still has, in order. */
export function historyOf(
  bucket: OpenedBucket,
  pattern: KeyPattern,
  limits: ListOptions,
): AsyncIterableIterator<Entry> {
  return new List(
    bucket,
    pattern,
    { from: "first", whole: true },
    limits,
    (message) => bucket.read(message),
  );
}

/** Iterates over the current entries; starts reading at the first call of `next()`. */
class List<Item> implements AsyncIterableIterator<Item> {
  readonly #bucket: OpenedBucket;
  readonly #options: OrderedReadOptions;
  readonly #signal: AbortSignal | undefined;
  readonly #item: (message: StoredMessage) => Item | undefined | Promise<Item>;
  #read: OrderedRead | undefined;
  #isOver = false;
  /** The previous step: steps must not overtake each other. */
  #step: Promise<unknown> | undefined;

  constructor(
    bucket: OpenedBucket,
    pattern: KeyPattern,
    how: Pick<OrderedReadOptions, "headersOnly" | "from" | "whole">,
    { signal }: ListOptions,
    item: (message: StoredMessage) => Item | undefined | Promise<Item>,
  ) {
    const filters = [bucket.subjectOf(pattern.wildcard)];
    this.#bucket = bucket;
    this.#options = { ...how, stream: bucket.stream, filters, until: "now" };
    this.#signal = signal;
    this.#item = item;
  }

  next(): Promise<IteratorResult<Item>> {
    const before = this.#step;
    const step = before ? before.then(() => this.#next(), () => this.#next()) : this.#next();
    this.#step = step;
    return handled(step);
  }

  async return(): Promise<IteratorResult<Item>> {
    this.#isOver = true;
    await this.#read?.close();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<Item>> {
    try {
      while (!this.#isOver) {
        const read = this.#read ?? await this.#begin();
        const message = read.readNow() ??
          await read.next({ ...this.#signal && { signal: this.#signal } });
        if (!message) break;
        const item = await this.#item(message);
        if (item !== undefined) return { done: false, value: item };
      }
    } catch (error) {
      await this.return();
      throw this.#bucket.nameIn(error, "list what is");
    }
    return await this.return();
  }

  async #begin(): Promise<OrderedRead> {
    this.#signal?.throwIfAborted();
    await this.#bucket.ready();
    return this.#read = new OrderedRead(this.#bucket.api, this.#options);
  }
}
