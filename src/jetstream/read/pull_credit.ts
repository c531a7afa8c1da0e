/** How much to ask for: messages up to so many bytes, or so many messages of any size. */
export type PullSize = { readonly bytes: number } | { readonly messages: number };

/** How many messages the first request asks for that goes by their number, and how fast that grows. */
const FEW = 8;
const GROWTH = 4;
/** The next messages may be larger than those that came. */
const RESERVE = 2;

/**
 * Counts the bytes of a read: those that are asked for, and those that wait to be read. Both together stay within a
 * bound, but for one message that is larger than the bound, and for what is asked for by number.
 */
export class PullCredit {
  readonly #bound: number;
  /** What the server may still send. */
  #asked = 0;
  /** How many messages it may still send, if a request goes by their number. */
  #counted = 0;
  /** How many requests the server has, at most. */
  #requests = 0;
  /** What waits to be read. */
  #held = 0;
  /** Whether the next message is larger than half of the bound, or than all of it. */
  #next: "any" | "large" | "larger" = "any";
  /** How many messages the next request may ask for that goes by their number. */
  #most = FEW;
  /** The largest message so far. */
  #largest = 1;

  /** `bound` is in bytes. */
  constructor(bound: number) {
    this.#bound = bound;
  }

  /** Whether the server has a request that it has not served. */
  get isAsked(): boolean {
    return this.#requests > 0;
  }

  /**
   * What to ask for now, which counts as asked for; `undefined` if there is no room for it. With `byNumber` it goes by
   * the number of messages.
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

  /** A message has come, and waits. */
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
    // a request whose bytes are used up to the last one ends without a word
    if (this.#asked === 0) this.#requests = 0;
  }

  /** A message was read. */
  freed(size: number): void {
    this.#held -= size;
  }

  /** The server has ended a request, of which so many bytes were left; `isTooLarge`: the next message is larger. */
  ended(left: number, isTooLarge: boolean): void {
    if (isTooLarge && left >= this.#bound) this.#next = "larger";
    else if (isTooLarge && left * 2 >= this.#bound && this.#next === "any") this.#next = "large";
    this.#asked = Math.max(0, this.#asked - left);
    this.#requests = Math.max(0, this.#requests - 1);
    if (this.#requests > 0) return;
    this.#asked = 0;
    this.#counted = 0;
  }

  /** The server has no request any more: the consumer is another one. */
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
