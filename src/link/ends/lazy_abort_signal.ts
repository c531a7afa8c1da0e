/** An abort signal that is made on first use, as few programs use it. */
export class LazyAbortSignal {
  #controller: AbortController | undefined;
  #reason: (() => unknown) | undefined;

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason());
    }
    return this.#controller.signal;
  }

  /** Whether the signal has been used. */
  get isAsked(): boolean {
    return this.#controller !== undefined;
  }

  /** Aborts it, with a reason that is made when it is needed. */
  abort(reason: () => unknown): void {
    this.#reason ??= reason;
    this.#controller?.abort(this.#reason());
  }
}
