/** Ends the wait for promises that a middleware may never settle. */
export class Passing {
  readonly #waiting = new Set<(error: unknown) => void>();

  /** Settles as the promise does, unless {@linkcode end} rejects it first. */
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

  /** Rejects everything that waits. */
  end(error: () => unknown): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const reject of waiting) reject(error());
  }
}
