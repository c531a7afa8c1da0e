/** What middlewares have and may never let go, so that whoever waits for it can be told that it is over. */
export class Passing {
  readonly #waiting = new Set<(error: unknown) => void>();

  /** Settles as the promise does, unless all is over before. */
  until<T>(passed: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.add(reject);
      const settle = (finish: () => void) => {
        this.#waiting.delete(reject);
        finish();
      };
      passed.then((value) => settle(() => resolve(value)), (error) => settle(() => reject(error)));
    });
  }

  /** It is over: all that waits rejects. */
  end(error: () => unknown): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const reject of waiting) reject(error());
  }
}
