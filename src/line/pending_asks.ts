/** Who waits for the server's answer on one line: the client leaves them waiting where its connection ends. */
export class PendingAsks {
  readonly #pending = new Set<(error: Error) => void>();
  #over: Error | undefined;

  /** Asks; rejects where the line ends before the answer. */
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

  /** The line has ended. */
  end(): void {
    this.#over ??= new Error("the connection was closed");
    for (const fail of this.#pending) fail(this.#over);
  }
}
