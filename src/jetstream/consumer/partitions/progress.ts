/**
 * How far the work on the partitions of a consumer has come, as far as this process knows. All numbers are those of the
 * first stream.
 */
export class Progress {
  readonly #partitions: number;
  /** For each partition, the number below which all of its messages are settled. */
  readonly #next = new Map<number, number>();
  /** For each partition, the greatest number that was seen when the server was last asked about it. */
  readonly #looked = new Map<number, number>();
  #greatest = 0;

  constructor(partitions: number) {
    this.#partitions = partitions;
  }

  /** A message of a partition was delivered here: those before it are settled, as they come in order and one at a time. */
  delivered(partition: number, seq: number): void {
    this.#greatest = Math.max(this.#greatest, seq);
    this.#raise(partition, seq);
  }

  /**
   * The server was asked about a partition, and has nothing left of it. So all is settled that was copied before. What was
   * seen when the server was asked the time before was certainly copied, also on a server that lags behind.
   */
  emptied(partition: number): void {
    const copied = this.#looked.get(partition) ?? 0;
    this.#looked.set(partition, this.#greatest);
    if (copied > 0) this.#raise(partition, copied + 1);
  }

  /** The number below which everything is settled; `undefined` as long as nothing is known of a partition. */
  get next(): number | undefined {
    return this.#next.size < this.#partitions ? undefined : Math.min(...this.#next.values());
  }

  #raise(partition: number, next: number): void {
    this.#next.set(partition, Math.max(this.#next.get(partition) ?? 0, next));
  }
}
