/** The size of a pull request: a number of bytes, or a number of messages of any size. */
export type PullSize = { readonly bytes: number } | { readonly messages: number };

/** The size of the first request by number of messages, and its growth. */
const FEW = 8;
const GROWTH = 4;
/** The factor by which the next messages may exceed the largest one so far. */
const RESERVE = 2;

/**
 * Counts the bytes of a read: those requested, and those waiting to be read. Their sum stays within a bound, except for
 * a single message larger than the bound, and for requests by number.
 */
export class PullCredit {
  readonly #bound: number;
  /** Bytes that the server may still send. */
  #asked = 0;
  /** Messages that it may still send on a request by number. */
  #counted = 0;
  /** The most requests that the server may have open. */
  #requests = 0;
  /** Bytes that wait to be read. */
  #held = 0;
  /** Whether the next message is larger than half of the bound, or than all of it. */
  #next: "any" | "large" | "larger" = "any";
  /** The most messages of the next request by number. */
  #most = FEW;
  /** The size of the largest message so far. */
  #largest = 1;

  /** `bound` is in bytes. */
  constructor(bound: number) {
    this.#bound = bound;
  }

  /** Whether the server has an open request. */
  get isAsked(): boolean {
    return this.#requests > 0;
  }

  /**
   * The size of the next request, which is counted at once; `undefined` if there is no room. `byNumber` requests a
   * number of messages.
   */
  take(byNumber: boolean): PullSize | undefined {
    const bound = this.#bound;
    const free = bound - this.#asked - this.#held;
    const isEnough = this.#next === "any" ? free * 2 >= bound && free > 0 : free === bound;
    if (!isEnough || this.#counted > 0) return undefined;
    this.#asked += free;
    this.#requests++;
    if (this.#next === "larger") return { messages: this.#counted = 1 };
    return byNumber ? { messages: this.#count(free) } : { bytes: free };
  }

  /** Counts a message that arrived, and waits to be read. */
  delivered(size: number): void {
    this.#held += size;
    this.#next = "any";
    if (size > this.#largest) this.#largest = size;
    if (this.#counted > 0) {
      this.#counted--;
      if (this.#counted === 0) this.#asked = 0;
    } else {
      this.#asked = Math.max(0, this.#asked - size);
    }
    // a request whose bytes are used up exactly ends without a status
    if (this.#asked === 0) this.#requests = 0;
  }

  /** Counts a message that was read. */
  freed(size: number): void {
    this.#held -= size;
  }

  /** Counts the end of a request with this many bytes left; `isTooLarge` means that the next message is larger. */
  ended(left: number, isTooLarge: boolean): void {
    if (isTooLarge && left >= this.#bound) this.#next = "larger";
    else if (isTooLarge && left * 2 >= this.#bound && this.#next === "any") this.#next = "large";
    this.#asked = Math.max(0, this.#asked - left);
    this.#requests = Math.max(0, this.#requests - 1);
    if (this.#requests > 0) return;
    this.#asked = 0;
    this.#counted = 0;
  }

  /** Forgets all requests, as there is a new consumer. */
  reset(): void {
    this.#asked = 0;
    this.#counted = 0;
    this.#requests = 0;
    this.#next = "any";
  }

  #count(free: number): number {
    const room = Math.floor(free / (RESERVE * this.#largest));
    this.#counted = Math.max(1, Math.min(this.#most, room));
    this.#most *= GROWTH;
    return this.#counted;
  }
}
