import { fakeGlobals } from "./fake_globals.ts";
import { realTime, restoreGlobals } from "./real_time.ts";
import { Timers } from "./timers.ts";

export class TimeError extends Error {
  override name = "TimeError";
}

let current: FakeTime | undefined;

/** Time that passes only when it is told to: `using time = new FakeTime()`. */
export class FakeTime implements Disposable {
  readonly start: number;
  readonly #timers = new Timers();
  #now: number;

  constructor(start?: number | string | Date | null) {
    if (current) throw new TimeError("Cannot construct FakeTime: time is already faked");
    this.start = new realTime.Date(start ?? realTime.Date.now()).valueOf();
    if (Number.isNaN(this.start)) {
      throw new TypeError(`Cannot construct FakeTime: invalid start time ${this.start}`);
    }
    this.#now = this.start;
    this.#fake();
    current = this;
  }

  static restore(): void {
    if (!current) throw new TimeError("Cannot restore time: time is already restored");
    current.restore();
  }

  /** Runs `callback` in real time. */
  static async restoreFor<T, Args extends unknown[]>(
    callback: (...args: Args) => Promise<T> | T,
    ...args: Args
  ): Promise<T> {
    const faked = current;
    if (!faked) throw new TimeError("Cannot restore time: time is not faked");
    restoreGlobals();
    try {
      return await callback(...args);
    } finally {
      if (current === faked) faked.#fake();
    }
  }

  get now(): number {
    return this.#now;
  }

  set now(value: number) {
    if (value < this.#now) {
      throw new RangeError(
        `Cannot set current time in the past, time must be >= ${this.#now}: received ${value}`,
      );
    }
    while ((this.#timers.next ?? Infinity) <= value) {
      const timer = this.#timers.shift()!;
      this.#now = timer.due;
      timer.run();
    }
    this.#now = value;
  }

  tick(ms = 0): void {
    this.now += ms;
  }

  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /** Goes to the next timer and runs it; false if there is none. */
  next(): boolean {
    const due = this.#timers.next;
    if (due !== undefined) this.now = due;
    return due !== undefined;
  }

  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  runAll(): void {
    while (this.next());
  }

  async runAllAsync(): Promise<void> {
    while (!this.#timers.isEmpty) await this.nextAsync();
  }

  async runMicrotasks(): Promise<void> {
    await this.delay(0);
  }

  /** Waits in real time. */
  delay(ms: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => {
      realTime.clearTimeout(timer);
      reject(new DOMException("Delay was aborted.", "AbortError"));
    };
    const timer = realTime.setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    return promise;
  }

  restore(): void {
    if (current !== this) throw new TimeError("Cannot restore time: time is already restored");
    current = undefined;
    restoreGlobals();
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  #fake(): void {
    fakeGlobals(this.#timers, () => this.#now);
  }
}
