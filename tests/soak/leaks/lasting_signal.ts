/** A signal that lasts as long as the program, never aborts, and knows how many listen to it. */
export class LastingSignal {
  readonly signal: AbortSignal = new AbortController().signal;
  readonly #listeners = new Set<unknown>();

  constructor() {
    const { signal } = this;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...listening: Parameters<typeof add>) => {
      this.#listeners.add(listening[1]);
      add(...listening);
    };
    signal.removeEventListener = (...listening: Parameters<typeof remove>) => {
      this.#listeners.delete(listening[1]);
      remove(...listening);
    };
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}
