import { type Patience, within } from "../deadline.ts";

/** Runs what concerns one key one after the other, and different keys side by side. */
export class KeyLanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  /**
   * Runs `work` once all earlier work of the key has ended.
   *
   * @throws {TimeoutError} if its turn does not come in time
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
      // one that gives up leaves its successor to wait for its predecessor
      pass(before);
      if (this.#tails.get(key) === turn) this.#tails.delete(key);
    }
  }
}
