/** How many newer messages may come for each that was there, and besides, before we stop to wait for their end. */
const NEWER = 16;
const FEW = 10_000;
/** How often to look for more, where the server says that there is none. */
const LOOKS = 8;

/** What a read begins with, and who wants to know when that is over. */
export interface BeginningSettings {
  /** How many messages are there. */
  readonly pending: number;
  /** The number of the last message of the stream; `undefined` where nobody has told us. */
  readonly last: number | undefined;
  /** Whether what takes the place of a message that is there belongs to the beginning. */
  readonly isWhole: boolean;
  /** Whether the stream has a message to read behind this one. */
  readonly hasMore: (seq: number) => Promise<boolean>;
  /** All has come. */
  readonly over: () => void;
}

/**
 * Finds the end of what was there when a read began. A message that is replaced before it is delivered never comes: then
 * all that has come since belongs to the beginning, as otherwise a subject would be left out that has had a message all
 * the time.
 */
export class Beginning {
  readonly #settings: BeginningSettings;
  /** How many are to come that were there. */
  #left: number;
  /** How many newer ones may come: the program may be slower than those who write. */
  #newer: number;
  #looks = 0;
  #isLooking = false;
  /** The message that came last, if the server said that it was the last one. */
  #end: number | undefined;
  /** The message that came last. */
  #last = 0;
  #isOver = false;

  constructor(settings: BeginningSettings) {
    this.#settings = settings;
    this.#left = settings.pending;
    this.#newer = settings.pending * NEWER + FEW;
    if (settings.pending === 0) this.end();
  }

  /** Whether all has come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** A message has come; `pending` is how many are behind it, as far as the server knows. */
  take({ seq, pending }: { readonly seq: number; readonly pending: number }): void {
    if (this.#isOver) return;
    this.#last = seq;
    const { last = Infinity, isWhole } = this.#settings;
    const isExcess = seq > last ? --this.#newer < 0 : --this.#left <= 0;
    this.#end = pending === 0 ? seq : undefined;
    if (isExcess || (!isWhole && (pending === 0 || seq >= last))) this.end();
    else if (pending === 0) void this.#look();
  }

  /** Nothing comes at the moment: what was still to come has been deleted, or replaced. */
  idle(): void {
    if (!this.#settings.isWhole) return this.end();
    this.#end = this.#last;
    void this.#look();
  }

  /** Nothing more comes. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#settings.over();
  }

  /** While many write, nats-server may count a message that it has removed before it counts the one in its place. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    for (let end = this.#end; end !== undefined && !this.#isOver; end = this.#end) {
      const isEnd = ++this.#looks > LOOKS || !await this.#settings.hasMore(end);
      if (end !== this.#end) continue;
      if (isEnd) this.end();
      else break;
    }
    this.#isLooking = false;
  }
}
