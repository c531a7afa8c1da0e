/** The memory that all streams hold together, with its limit. */
export class Memory {
  /** The limit in bytes. */
  readonly most: number;
  readonly #held = new Map<object, number>();
  #total = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** Whether the limit is exceeded. If so, new messages are rejected until some are removed. */
  get isExceeded(): boolean {
    return this.#total > this.most;
  }

  /** Records how many bytes a holder has now; 0 forgets the holder. */
  note(holder: object, bytes: number): void {
    this.#total += bytes - (this.#held.get(holder) ?? 0);
    if (bytes === 0) this.#held.delete(holder);
    else this.#held.set(holder, bytes);
  }
}
