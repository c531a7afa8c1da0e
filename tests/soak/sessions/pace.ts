/** Lets senders go as far as the faults have come: otherwise all is said before the second one. */
export class Pace {
  #limit = 0;
  #waiting: (() => void)[] = [];

  /** Lets every frame below `limit` go. */
  open(limit: number): void {
    this.#limit = Math.max(this.#limit, limit);
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Resolves once the frame of that number may go. */
  async room(number: number): Promise<void> {
    while (number >= this.#limit) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }
}

/** How many frames have arrived in all. */
export class Progress {
  #arrived = 0;
  #marks: { readonly at: number; readonly tell: () => void }[] = [];

  add(): void {
    this.#arrived++;
    if (this.#marks.every(({ at }) => at > this.#arrived)) return;
    for (const { at, tell } of this.#marks) if (at <= this.#arrived) tell();
    this.#marks = this.#marks.filter(({ at }) => at > this.#arrived);
  }

  /** Resolves once so many have arrived. */
  reached(at: number): Promise<void> {
    if (this.#arrived >= at) return Promise.resolve();
    return new Promise((tell) => this.#marks.push({ at, tell }));
  }
}
