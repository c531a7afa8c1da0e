interface Timer {
  readonly id: number;
  readonly due: number;
  /** Milliseconds between two runs; none if it runs once. */
  readonly every: number | undefined;
  run(): void;
}

/** Timers that run when they are told to, in the order in which they are due. */
export class Timers {
  readonly #timers: Timer[] = [];
  #lastId = 0;

  get isEmpty(): boolean {
    return this.#timers.length === 0;
  }

  /** When the next timer is due. */
  get next(): number | undefined {
    return this.#timers[0]?.due;
  }

  set(due: number, run: () => void, every?: number): number {
    const id = ++this.#lastId;
    this.#insert({ id, due, every, run });
    return id;
  }

  clear(id: unknown): void {
    const index = this.#timers.findIndex((timer) => timer.id === id);
    if (index >= 0) this.#timers.splice(index, 1);
  }

  /** Takes the next timer out, unless it repeats: then it waits for its next turn. */
  shift(): Timer | undefined {
    const timer = this.#timers.shift();
    if (timer?.every) this.#insert({ ...timer, due: timer.due + timer.every });
    return timer;
  }

  #insert(timer: Timer): void {
    const index = this.#timers.findIndex(({ due }) => due > timer.due);
    this.#timers.splice(index < 0 ? this.#timers.length : index, 0, timer);
  }
}
