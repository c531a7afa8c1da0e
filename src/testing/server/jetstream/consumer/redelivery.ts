/** Memory of one entry, in bytes: measured. */
const KNOWN = 100;

/** Which messages await redelivery, and how often each was redelivered. */
export class Redelivery {
  /** Sequences in the order in which they became due. */
  readonly #queue = new Set<number>();
  /** Redeliveries per sequence. */
  readonly #times = new Map<number, number>();

  /** The number of messages that await redelivery. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** The number of messages that were redelivered. */
  get size(): number {
    return this.#times.size;
  }

  /** Estimated memory in bytes. */
  get held(): number {
    return (this.#queue.size + this.#times.size) * KNOWN;
  }

  /** Whether the message awaits redelivery. */
  isWaiting(seq: number): boolean {
    return this.#queue.has(seq);
  }

  /** Queues a message for redelivery. */
  add(seq: number): void {
    this.#queue.add(seq);
  }

  /** Removes a message from the queue. */
  remove(seq: number): void {
    this.#queue.delete(seq);
  }

  /** Removes and returns the next sequence. */
  take(): number | undefined {
    for (const seq of this.#queue) {
      this.#queue.delete(seq);
      return seq;
    }
    return undefined;
  }

  /** How often the message was redelivered. */
  timesOf(seq: number): number {
    return this.#times.get(seq) ?? 0;
  }

  /** How often the message was delivered, as far as known. */
  deliveries(seq: number): number {
    return Math.max(this.timesOf(seq), 1);
  }

  /** Whether the message was ever redelivered. */
  isKnown(seq: number): boolean {
    return this.#times.has(seq);
  }

  /** Counts a redelivery; returns the number of the delivery. */
  count(seq: number): number {
    const times = this.timesOf(seq) + 1;
    this.#times.set(seq, times);
    return times + 1;
  }

  /** Takes back the count of a delivery that failed. */
  discount(seq: number): void {
    this.#times.set(seq, this.timesOf(seq) - 1);
  }

  /** Records that a message has reached `max_deliver`. */
  exhaust(seq: number, times: number): void {
    this.#times.set(seq, times);
  }

  /** Drops a message. */
  forget(seq: number): void {
    this.#times.delete(seq);
    this.#queue.delete(seq);
  }

  /** Drops all messages below a sequence. */
  forgetBelow(seq: number): void {
    for (const known of this.#times.keys()) if (known < seq) this.forget(known);
    for (const known of this.#queue) if (known < seq) this.#queue.delete(known);
  }

  /** Drops all messages. */
  clear(): void {
    this.#times.clear();
    this.#queue.clear();
  }
}
