/** What arrived of the frames of one direction, each of which must come once and in order. */
export class Sequence {
  #expected = 0;
  #arrived = 0;
  #duplicated = 0;
  #disordered = 0;
  readonly #missing = new Set<number>();

  /** How many different frames arrived. */
  get arrived(): number {
    return this.#arrived;
  }

  get duplicated(): number {
    return this.#duplicated;
  }

  /** How many arrived after a later one. */
  get disordered(): number {
    return this.#disordered;
  }

  /** How many have not arrived although a later one has. */
  get missing(): number {
    return this.#missing.size;
  }

  take(number: number): void {
    if (number < this.#expected) return this.#late(number);
    while (this.#expected < number) this.#missing.add(this.#expected++);
    this.#expected++;
    this.#arrived++;
  }

  #late(number: number): void {
    if (!this.#missing.delete(number)) {
      this.#duplicated++;
      return;
    }
    this.#disordered++;
    this.#arrived++;
  }
}
