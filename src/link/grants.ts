/** So many messages at least the other side can always send, for what must not wait for a place in the window. */
const RESERVE = 4;
/** More would be a burst of small messages at each opening. */
const MOST = 32;
/** Those before have long been used, or are too old to be. */
const MOST_OPEN = 1_024;

/**
 * The addresses of reply that we gave to a side that may send only so many messages to each; it must never be without.
 */
export class Grants {
  readonly #responses: number;
  readonly #target: number;
  readonly #open = new Map<number, number>();
  #left = 0;

  /** `responses` is how many messages each address is good for, 0 for any number. */
  constructor(responses: number, window: number) {
    this.#responses = responses;
    this.#target = Math.max(Math.min(window, MOST) + RESERVE, 2 * responses);
  }

  /** Whether one more address is needed. */
  get isShort(): boolean {
    return this.#responses > 0 && this.#left + this.#responses <= this.#target;
  }

  /** A control frame with this serial has been sent. */
  give(serial: number): void {
    if (this.#responses === 0) return;
    this.#open.set(serial, this.#responses);
    this.#left += this.#responses;
    // a side that never says which it has used up must not make us keep them all
    if (this.#open.size > MOST_OPEN) this.void(this.#open.keys().next().value!);
  }

  /** A message came to the address of this serial. */
  use(serial: number): void {
    const left = this.#open.get(serial);
    if (left === undefined) return;
    this.#left--;
    if (left > 1) this.#open.set(serial, left - 1);
    else this.#open.delete(serial);
  }

  /**
   * The other side can use none up to this serial.
   *
   * @returns how many were not used up
   */
  void(serial: number): number {
    const before = this.#open.size;
    for (const [given, left] of this.#open) {
      if (given > serial) break;
      this.#open.delete(given);
      this.#left -= left;
    }
    return before - this.#open.size;
  }
}
