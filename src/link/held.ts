/** What a frame takes up beside its bytes: bodies, or pieces, of one byte each, or of none, must not be without bounds. */
export const FRAME = 256;

/** What is held for one peer, and ended where all together is too much. */
export interface Holder {
  /** Whether only what came before its end is held. */
  readonly isOver: boolean;
  /** Lets go of all that it holds, and ends. */
  outgrown(): void;
}

/** All that is held for peers, in bytes: what each of them may have us hold is bounded, and so is the sum. */
export class Held {
  /** In bytes. */
  readonly limit: number;
  readonly #holdings = new Set<Holding>();
  #bytes = 0;
  /** Of these, what cannot be ended. */
  #fixed = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** How many bytes are held. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Begins to count for a peer; without a `holder` it cannot be ended. */
  open(bytes: number, holder?: Holder): Holding {
    const holding = new Holding(this, bytes, holder);
    if (holder) this.enter(holding);
    else {
      this.#fixed += bytes;
      this.change(bytes);
    }
    return holding;
  }

  /** Begins to count what can be ended. */
  enter(holding: Holding): void {
    this.#holdings.add(holding);
    this.change(holding.bytes);
  }

  /**
   * Whether so many bytes more may be held that cannot be ended: half of all is theirs at most, as links that are at work
   * would otherwise have to go for what may never move on.
   */
  mayFix(more: number): boolean {
    return this.#fixed + more <= this.limit / 2 && this.makeRoom(more);
  }

  /**
   * Makes room for so many bytes more, by ending peers that have us hold more than whoever asks would: the links that are
   * over first, then the largest.
   *
   * @returns whether there is room
   */
  makeRoom(more: number, asking?: Holding): boolean {
    const least = more + (asking?.bytes ?? 0);
    while (this.#bytes + more > this.limit) {
      const largest = this.#largest();
      if (!largest || largest === asking || (!largest.isOver && largest.bytes <= least)) {
        return false;
      }
      this.#end(largest);
    }
    return true;
  }

  #largest(): Holding | undefined {
    let found: Holding | undefined;
    for (const holding of this.#holdings) {
      if (holding.isOver) return holding;
      if (!found || holding.bytes > found.bytes) found = holding;
    }
    return found;
  }

  #end(holding: Holding): void {
    this.#holdings.delete(holding);
    holding.end();
  }

  /** Several may have to go: one message can be larger than what the largest holds. */
  change(change: number): void {
    this.#bytes += change;
    if (change < 0) return;
    for (let largest; this.#bytes > this.limit && (largest = this.#largest());) this.#end(largest);
  }

  /** Counts no longer for what is gone. */
  forget(holding: Holding): void {
    if (!this.#holdings.delete(holding)) this.#fixed -= holding.bytes;
    holding.close();
  }
}

/** What is held for one peer. */
export class Holding {
  readonly #held: Held;
  readonly #holder: Holder | undefined;
  #bytes: number;
  #isClosed = false;

  constructor(held: Held, bytes: number, holder?: Holder) {
    this.#held = held;
    this.#holder = holder;
    this.#bytes = bytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether only what came before its end is held. */
  get isOver(): boolean {
    return this.#holder!.isOver;
  }

  /** It is so much now. */
  set(bytes: number): void {
    if (this.#isClosed || bytes === this.#bytes) return;
    const change = bytes - this.#bytes;
    this.#bytes = bytes;
    this.#held.change(change);
  }

  /** Holds nothing any more. */
  close(): void {
    this.set(0);
    this.#isClosed = true;
  }

  /** Has the holder let go. */
  end(): void {
    this.close();
    this.#holder?.outgrown();
  }
}
