/** Who has bytes waiting. */
export interface Debtor {
  /** Closes at once, and reports it. */
  lose(why: "slow"): void;
}

/** The backlog counts a client only if at least so many bytes wait for it. */
const NOTABLE = 64 * 1024;

/**
 * Counts the bytes that wait for all clients together. Each client has its own bound, but many clients that never read
 * could still exhaust the memory: beyond the common bound the server drops the client with the most.
 */
export class Backlog {
  readonly #most: number;
  readonly #notable = new Map<Debtor, number>();
  #total = 0;

  /** `most` is how many bytes may wait in all. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Notes how many bytes wait for a client. */
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
