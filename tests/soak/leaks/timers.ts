const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;

/** Counts the timers that are neither over nor cleared: `using timers = new Timers()`. */
export class Timers implements Disposable {
  readonly #open = new Set<unknown>();

  constructor() {
    const open = this.#open;
    const begin = (run: () => void, milliseconds?: number) => {
      const timer = setTimeout(() => {
        open.delete(timer);
        run();
      }, milliseconds);
      open.add(timer);
      return timer;
    };
    const repeat = (run: () => void, milliseconds?: number) => {
      const timer = setInterval(run, milliseconds);
      open.add(timer);
      return timer;
    };
    const end = (timer?: Parameters<typeof clearTimeout>[0]) => {
      open.delete(timer);
      clearTimeout(timer);
    };
    Object.assign(globalThis, {
      setTimeout: begin,
      setInterval: repeat,
      clearTimeout: end,
      clearInterval: end,
    });
  }

  get open(): number {
    return this.#open.size;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
  }
}
