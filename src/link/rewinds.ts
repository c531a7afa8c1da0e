import type { Outflow } from "./outflow.ts";

/** Milliseconds between two times that the same frames are sent again: the first, and the longest. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 2_000;

/**
 * When frames are sent again that the other side says it misses. Saying so costs it one small message, and all that is kept
 * for it may be a megabyte, so that it cannot have that for each: it goes again at once, and then after a wait, which
 * doubles until all of it has been acknowledged.
 */
export class Rewinds {
  #isWanted = false;
  #notBefore = -Infinity;
  #wait = FIRST_WAIT;
  /** The number of the last frame that was sent when it went back. */
  #last = 0;

  /** When to go back, `Infinity` if the other side misses nothing. */
  get due(): number {
    return this.#isWanted ? this.#notBefore : Infinity;
  }

  /** The other side misses something. */
  want(): void {
    this.#isWanted = true;
  }

  /** Goes back, if it is time for that. */
  proceed(out: Outflow, now: number): void {
    if (!this.#isWanted || now < this.#notBefore) return;
    this.#isWanted = false;
    const acknowledged = out.last - out.keptFrames;
    if (acknowledged >= this.#last) this.#wait = FIRST_WAIT;
    this.#last = Math.max(this.#last, out.sent);
    this.#notBefore = now + this.#wait;
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
    out.rewind();
  }
}
