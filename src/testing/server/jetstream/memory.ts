/** What all streams together hold, which has a bound. */
export class Memory {
  /** How many bytes all may hold. */
  readonly most: number;
  readonly #held = new Map<object, number>();
  #total = 0;

  constructor(most: number) {
    this.most = most;
  }

  /** Do they hold more than they may? What comes is refused until something goes. */
  get isExceeded(): boolean {
    return this.#total > this.most;
  }

  /** One of them holds so many bytes by now; 0 forgets it. */
  note(holder: object, bytes: number): void {
    this.#total += bytes - (this.#held.get(holder) ?? 0);
    if (bytes === 0) this.#held.delete(holder);
    else this.#held.set(holder, bytes);
  }
}
