/** So many at a time, and no more. */
export class Places {
  readonly #limit: number;
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes a place, if there is one; whoever takes it gives it back. */
  enter(): boolean {
    if (this.#taken >= this.#limit) return false;
    this.#taken++;
    return true;
  }

  leave(): void {
    this.#taken--;
  }
}
