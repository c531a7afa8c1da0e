/** What a message takes here, in bytes: measured. */
const KNOWN = 100;

/** Which messages are to be delivered again, and how often each was. */
export class Redelivery {
  /** In the order in which they came to be due. */
  readonly #queue = new Set<number>();
  /** How often each was delivered again. */
  readonly #times = new Map<number, number>();

  /** How many wait to be delivered again. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** How many were delivered again. */
  get size(): number {
    return this.#times.size;
  }

  /** What they take, in bytes as they are estimated. */
  get held(): number {
    return (this.#queue.size + this.#times.size) * KNOWN;
  }

  /** Does it wait to be delivered again? */
  isWaiting(seq: number): boolean {
    return this.#queue.has(seq);
  }

  /** It is to be delivered again. */
  add(seq: number): void {
    this.#queue.add(seq);
  }

  /** It is not to be delivered again for now. */
  remove(seq: number): void {
    this.#queue.delete(seq);
  }

  /** Takes the next one. */
  take(): number | undefined {
    for (const seq of this.#queue) {
      this.#queue.delete(seq);
      return seq;
    }
    return undefined;
  }

  /** How often it was delivered again. */
  timesOf(seq: number): number {
    return this.#times.get(seq) ?? 0;
  }

  /** How often it was delivered, as far as that is known. */
  deliveries(seq: number): number {
    return Math.max(this.timesOf(seq), 1);
  }

  /** Was it ever delivered again? */
  isKnown(seq: number): boolean {
    return this.#times.has(seq);
  }

  /** It is being delivered again: gives which delivery that is. */
  count(seq: number): number {
    const times = this.timesOf(seq) + 1;
    this.#times.set(seq, times);
    return times + 1;
  }

  /** It was not delivered after all. */
  discount(seq: number): void {
    this.#times.set(seq, this.timesOf(seq) - 1);
  }

  /** It was delivered as often as it may be. */
  exhaust(seq: number, times: number): void {
    this.#times.set(seq, times);
  }

  /** It is over. */
  forget(seq: number): void {
    this.#times.delete(seq);
    this.#queue.delete(seq);
  }

  /** All below a sequence are over. */
  forgetBelow(seq: number): void {
    for (const known of this.#times.keys()) if (known < seq) this.forget(known);
    for (const known of this.#queue) if (known < seq) this.#queue.delete(known);
  }

  /** All are over. */
  clear(): void {
    this.#times.clear();
    this.#queue.clear();
  }
}
