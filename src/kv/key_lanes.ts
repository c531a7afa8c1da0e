import { type Patience, within } from "../deadline.ts";

/** Runs tasks of the same key one by one, and tasks of different keys concurrently. */
export class KeyLanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  /**
   * Runs `work` after all earlier tasks of the key.
   *
   * @throws {TimeoutError} if the turn of this task does not come in time
   */
  async run<T>(
    key: string,
    patience: Patience,
    action: string,
    work: () => Promise<T>,
  ): Promise<T> {
    const before = this.#tails.get(key);
    const { promise: turn, resolve: pass } = Promise.withResolvers<unknown>();
    this.#tails.set(key, turn);
    try {
      if (before) await within(before, patience, action);
      return await work();
    } finally {
      // a task that gives up passes its place on: the next one still waits for the previous one
      pass(before);
      if (this.#tails.get(key) === turn) this.#tails.delete(key);
    }
  }
}
