/** What those wait for who need the connection: it comes back, or never does. */
export class Comeback {
  #next = Comeback.#begin();

  /** Resolves once the connection is there; rejects once it is closed for good. */
  get awaited(): Promise<void> {
    return this.#next.promise;
  }

  /** The connection is there. */
  come(): void {
    this.#next.resolve();
  }

  /** The connection has gone, and may come back. */
  go(): void {
    this.#next = Comeback.#begin();
  }

  /** The connection is closed: whoever waits for it waits in vain. */
  fail(error: Error): void {
    this.#next.reject(error);
    this.go();
  }

  static #begin(): PromiseWithResolvers<void> {
    const next = Promise.withResolvers<void>();
    // most of the time nobody waits
    next.promise.catch(() => {});
    return next;
  }
}
