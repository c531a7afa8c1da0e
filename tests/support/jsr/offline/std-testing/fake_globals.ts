import { realTime } from "./real_time.ts";
import type { Timers } from "./timers.ts";

type Callback = (...args: unknown[]) => void;

/** Puts a clock and timers that only `now` moves in the place of the global ones. */
export function fakeGlobals(timers: Timers, now: () => number): void {
  const setTimer = (callback: Callback, delay: number, args: unknown[], repeats: boolean) => {
    if (typeof callback !== "function") {
      throw new TypeError("Cannot fake a timer as its callback must be a function");
    }
    const wait = Math.max(repeats ? 1 : 0, Math.floor(delay));
    return timers.set(now() + wait, () => callback(...args), repeats ? wait : undefined);
  };
  const clear = (id?: unknown) => timers.clear(id);
  Object.assign(globalThis, {
    Date: fakeDate(now),
    setTimeout: (callback: Callback, delay = 0, ...args: unknown[]) =>
      setTimer(callback, delay, args, false),
    setInterval: (callback: Callback, delay = 0, ...args: unknown[]) =>
      setTimer(callback, delay, args, true),
    clearTimeout: clear,
    clearInterval: clear,
  });
  AbortSignal.timeout = (delay) => {
    const controller = new AbortController();
    const reason = new DOMException("Signal timed out.", "TimeoutError");
    setTimer(() => controller.abort(reason), delay, [], false);
    return controller.signal;
  };
}

function fakeDate(now: () => number): DateConstructor {
  return new Proxy(realTime.Date, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: (target) => new target(now()).toString(),
    get: (target, key, receiver) => key === "now" ? now : Reflect.get(target, key, receiver),
  });
}
