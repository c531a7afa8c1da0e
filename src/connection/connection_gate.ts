/** Lets callers wait until the connection is open again, or closed for good. */
export class ConnectionGate {
  #next = ConnectionGate.#begin();

  /** Resolves once the connection is open; rejects once it is closed for good. */
  get awaited(): Promise<void> {
    return this.#next.promise;
  }

  /** The connection is open. */
  come(): void {
    this.#next.resolve();
  }

  /** The connection has broken, and may come back. */
  go(): void {
    this.#next = ConnectionGate.#begin();
  }

  /** The connection is closed for good: rejects all waiting callers. */
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
