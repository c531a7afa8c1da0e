/**
 * Questions that wait for the server's answer on one line. The client itself leaves them pending when its connection
 * ends.
 */
export class PendingAsks {
  readonly #pending = new Set<(error: Error) => void>();
  #over: Error | undefined;

  /** Asks; rejects if the line ends before the answer. */
  add(ask: (resolve: () => void, reject: (error: Error) => void) => void): Promise<void> {
    if (this.#over) return Promise.reject(this.#over);
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => {
        this.#pending.delete(fail);
        reject(error);
      };
      this.#pending.add(fail);
      ask(() => {
        this.#pending.delete(fail);
        resolve();
      }, fail);
    });
  }

  /** Rejects all waiting questions, as the line has ended. */
  end(): void {
    this.#over ??= new Error("the connection was closed");
    for (const fail of this.#pending) fail(this.#over);
  }
}
