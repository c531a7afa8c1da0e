/** What to do with a message that comes when all places are taken. */
export type Overflow = "close" | "drop-oldest" | "drop-newest";

/** How much may wait; what comes when either bound is reached is too much. */
export interface Bounds {
  /** How many messages. */
  readonly messages: number;
  /** How many bytes: bodies, headers, subjects and addresses of reply, two bytes for each character of an address. */
  readonly bytes: number;
}

/** What may wait where nothing else is said. */
export const DEFAULT_BOUNDS: Bounds = { messages: 65_536, bytes: 67_108_864 };

/** First in, first out, without moving the rest; counts the bytes it was told. */
export class Backlog<T> {
  #entries: ({ readonly value: T; readonly size: number } | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** How many bytes wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether one more of this size stays within the bounds; a single one always may wait. */
  fits(size: number, { messages, bytes }: Bounds): boolean {
    return this.length === 0 || (this.length < messages && this.#bytes + size <= bytes);
  }

  push(value: T, size: number): void {
    this.#entries.push({ value, size });
    this.#bytes += size;
  }

  shift(): T | undefined {
    const entry = this.#entries[this.#head];
    if (!entry) return undefined;
    this.#bytes -= entry.size;
    // what has been read must not stay in memory for as long as half of the array is ahead
    this.#entries[this.#head++] = undefined;
    // half of the array is behind us: letting go of it now costs each entry one move at most
    if (this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry.value;
  }

  clear(): void {
    this.#entries = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
