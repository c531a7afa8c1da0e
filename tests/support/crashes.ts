/** Keeps what would have ended the program, instead of letting it end: `using crashes = new Crashes()`. */
export class Crashes implements Disposable {
  readonly found: unknown[] = [];
  readonly #listeners = new AbortController();

  constructor() {
    const { signal } = this.#listeners;
    globalThis.addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      this.found.push(event.reason);
    }, { signal });
    globalThis.addEventListener("error", (event) => {
      event.preventDefault();
      this.found.push(event.error);
    }, { signal });
  }

  [Symbol.dispose](): void {
    this.#listeners.abort();
  }
}
