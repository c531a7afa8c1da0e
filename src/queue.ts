import { type Patience, within } from "./deadline.ts";
import { handled, unharmed } from "./promises.ts";

/** What to do with a message that arrives when the queue is full. */
export type Overflow = "close" | "drop-oldest" | "drop-newest";

/** How much may wait; a message beyond either bound overflows. */
export interface Bounds {
  /** How many messages. */
  readonly messages: number;
  /** How many bytes: bodies, headers, subjects and reply addresses, two bytes for each character of an address. */
  readonly bytes: number;
}

/** The default bounds. */
export const DEFAULT_BOUNDS: Bounds = { messages: 65_536, bytes: 67_108_864 };

type Waiting<T> = (value: T | undefined) => void;

/**
 * A first-in, first-out queue that does not move its entries on each read; it adds up the sizes that callers give. It
 * holds entries or waiting readers, and never both.
 */
export class Queue<T> {
  #entries: ({ readonly value: T; readonly size: number } | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  /** Made for the first reader that waits, to save memory. */
  #readers: Waiting<T>[] | undefined;
  #isEnded = false;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** How many bytes wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a reader waits for the next value. */
  get isAwaited(): boolean {
    return this.#readers !== undefined && this.#readers.length > 0;
  }

  /** Whether no more values come; those that wait can still be read. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Whether one more entry of this size stays within the bounds; an empty queue takes an entry of any size. */
  fits(size: number, { messages, bytes }: Bounds): boolean {
    return this.length === 0 || (this.length < messages && this.#bytes + size <= bytes);
  }

  /** Gives the value to the reader that has waited longest; returns whether one waited. */
  hand(value: T): boolean {
    const reader = this.#readers?.shift();
    if (!reader) return false;
    reader(value);
    return true;
  }

  push(value: T, size: number): void {
    this.#entries.push({ value, size });
    this.#bytes += size;
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#head];
    if (!entry) return undefined;
    this.#bytes -= entry.size;
    // free an entry as soon as it is read, long before the array is compacted
    this.#entries[this.#head++] = undefined;
    // half of the array has been read: compacting it now moves each entry once at most
    if (this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry.value;
  }

  /**
   * The next value: the first entry, or else what {@linkcode hand} gives; `undefined` once the queue has ended.
   *
   * @throws {TimeoutError}
   * @throws the reason of the signal
   */
  async wait(patience: Patience, action: string, subject?: string): Promise<T | undefined> {
    // an entry may have come since the reader looked, which found nobody waiting
    if (this.length > 0 || this.#isEnded) return this.shift();
    const { promise, resolve } = Promise.withResolvers<T | undefined>();
    let handed: T | undefined;
    const reader: Waiting<T> = (value) => resolve(handed = value);
    const readers = this.#readers ??= [];
    readers.push(reader);
    try {
      return await within(promise, patience, action, subject);
    } catch (error) {
      // a value may arrive in the turn in which the wait ends, and it has no other reader
      if (handed !== undefined) return handed;
      const place = readers.indexOf(reader);
      if (place >= 0) readers.splice(place, 1);
      throw error;
    }
  }

  /** No more values come: ends all waits; values that wait can still be read. */
  end(): void {
    this.#isEnded = true;
    for (const reader of this.#readers?.splice(0) ?? []) reader(undefined);
  }

  clear(): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}

/**
 * Iterates over what `next` resolves with, until that is `undefined`; a loop that is left calls `close`. What `readNow`
 * gives needs no wait: a few promises for each message cost more than all else. Not a generator, as its `return()` would
 * wait for the pending `next()`.
 */
export function iteratorOf<T>(
  next: () => Promise<T | undefined>,
  close: () => unknown,
  readNow?: () => T | undefined,
): AsyncIterator<T> {
  const step = async (): Promise<IteratorResult<T>> => {
    const value = await next();
    return value === undefined ? { done: true, value } : { done: false, value };
  };
  return {
    next: () => {
      const value = readNow?.();
      return value === undefined ? handled(step()) : Promise.resolve({ done: false, value });
    },
    return: async () => {
      await close();
      return { done: true, value: undefined };
    },
  };
}

/** What a Web Stream reads from. */
export interface Readable {
  next(): Promise<{ readonly body: unknown } | undefined>;
  cancel(reason: unknown): unknown;
}

/** The Web Stream of each reader that was asked for one, as most are not. */
const streams = new WeakMap<object, ReadableStream>();

/**
 * The bodies that a reader gives, as a Web Stream, which is the same each time; it reads on demand, so that the
 * back-pressure is the reader's own.
 */
export function readableOf<Body>(reader: object, source: () => Readable): ReadableStream<Body> {
  const made = streams.get(reader) ?? newReadable(source());
  streams.set(reader, made);
  return made;
}

function newReadable(source: Readable): ReadableStream {
  const stream = new ReadableStream({
    async pull(controller) {
      const message = await source.next();
      if (message) controller.enqueue(message.body);
      else controller.close();
    },
    cancel: async (reason) => void await source.cancel(reason),
  }, { highWaterMark: 0 });
  const getReader = stream.getReader.bind(stream);
  const reader = (options?: undefined) => unharmed(getReader(options), "read", "cancel");
  Object.defineProperty(stream, "getReader", { value: reader });
  return unharmed(stream, "cancel");
}
