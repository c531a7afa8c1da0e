/** How much to ask for: so many bytes, or one message of any size. */
export type PullSize = number | "one";

/**
 * Counts the bytes of a read: those that are asked for, and those that wait to be read. Both together stay within a
 * bound, but for one message that is larger than the bound.
 */
export class PullCredit {
  readonly #bound: number;
  /** What the server may still send. */
  #asked = 0;
  /** How many requests the server has, at most. */
  #requests = 0;
  /** What waits to be read. */
  #held = 0;
  /** Whether the next message is larger than half of the bound, or than all of it. */
  #next: "any" | "large" | "larger" = "any";

  /** `bound` is in bytes. */
  constructor(bound: number) {
    this.#bound = bound;
  }

  /** Whether the server has a request that it has not served. */
  get isAsked(): boolean {
    return this.#requests > 0;
  }

  /** What to ask for now, which counts as asked for; `undefined` if there is no room for it. */
  take(): PullSize | undefined {
    const bound = this.#bound;
    const free = bound - this.#asked - this.#held;
    const isEnough = this.#next === "any" ? free * 2 >= bound && free > 0 : free === bound;
    if (!isEnough) return undefined;
    this.#asked += free;
    this.#requests++;
    return this.#next === "larger" ? "one" : free;
  }

  /** A message has come, and waits. */
  delivered(size: number): void {
    this.#held += size;
    this.#asked = this.#next === "larger" ? 0 : Math.max(0, this.#asked - size);
    this.#next = "any";
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
    if (this.#requests === 0) this.#asked = 0;
  }

  /** The server has no request any more: the consumer is another one. */
  reset(): void {
    this.#asked = 0;
    this.#requests = 0;
    this.#next = "any";
  }
}
