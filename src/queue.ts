/** What to do with a message that arrives when the backlog is full. */
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

/** A first-in, first-out queue that does not move its entries on each read; it adds up the sizes that callers give. */
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

  /** Whether one more entry of this size stays within the bounds; an empty backlog takes an entry of any size. */
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
    // free an entry as soon as it is read, long before the array is compacted
    this.#entries[this.#head++] = undefined;
    // half of the array has been read: compacting it now moves each entry once at most
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
