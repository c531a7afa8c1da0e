/** Who has bytes waiting. */
export interface Debtor {
  /** Closes at once, and tells. */
  lose(why: "slow"): void;
}

/** With less than this, in bytes, a client is not worth being looked at. */
const NOTABLE = 64 * 1024;

/**
 * What waits for all clients together. Each has a bound of its own, and many that never read would still take as much
 * memory as they are many: past the common bound whoever has most goes.
 */
export class Backlog {
  readonly #most: number;
  readonly #notable = new Map<Debtor, number>();
  #total = 0;

  /** `most` is how many bytes may wait in all. */
  constructor(most: number) {
    this.#most = most;
  }

  /** So many bytes wait for this one by now. */
  note(debtor: Debtor, bytes: number): void {
    const before = this.#notable.get(debtor) ?? 0;
    const now = bytes < NOTABLE ? 0 : bytes;
    if (now === before) return;
    if (now === 0) this.#notable.delete(debtor);
    else this.#notable.set(debtor, now);
    this.#total += now - before;
    while (this.#total > this.#most) this.#dropLargest();
  }

  #dropLargest(): void {
    const [[largest]] = [...this.#notable].sort(([, one], [, other]) => other - one) as [
      [Debtor, number],
    ];
    largest.lose("slow");
  }
}
