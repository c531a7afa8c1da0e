import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { asError } from "../legible.ts";
import { callable, describe } from "../options.ts";
import { endInReverse, type Step, StopDeadline } from "./stop_deadline.ts";

/** Runs at the start; a resource that it returns is disposed of at the stop. */
export type StartHook = (starting: { readonly signal: AbortSignal }) => unknown;

/** Runs, or is disposed of, at the stop. */
export type StopHook = (() => unknown) | AsyncDisposable | Disposable;

/** What the program runs at the start, or at the stop. */
export type Hook = { readonly begin: StartHook } | { readonly end: () => unknown };

/** @throws {TypeError} if it is no function */
export function startHook(hook: StartHook): Hook {
  const rule = callable(hook);
  if (!rule) return { begin: hook };
  throw new TypeError(`Cannot run it at the start as it must be ${rule}: ${describe(hook)}`);
}

/** @throws {TypeError} if it is neither a function nor a resource */
export function stopHook(hook: StopHook): Hook {
  const end = disposalOf(hook) ?? hook as () => unknown;
  const rule = callable(end);
  if (!rule) return { end };
  const wanted = `${rule}, or have a Symbol.asyncDispose or a Symbol.dispose`;
  throw new TypeError(`Cannot run it at the stop as it must be ${wanted}: ${describe(hook)}`);
}

/** How to dispose of a resource; `undefined` for any other value. */
function disposalOf(value: unknown): (() => unknown) | undefined {
  if (Object(value) !== value) return undefined;
  const resource = value as Partial<AsyncDisposable & Disposable>;
  if (resource[Symbol.asyncDispose]) return () => resource[Symbol.asyncDispose]!();
  if (resource[Symbol.dispose]) return () => resource[Symbol.dispose]!();
  return undefined;
}

/** What hooks need of their broker. */
export interface HooksContext {
  readonly clock: Clock;
  /** The time for all hooks of a start, in milliseconds. */
  readonly startTimeout: number;
  readonly report: (error: Error) => void;
}

/** Runs the hooks of a broker: in order at the start, and back in reverse. */
export class Hooks {
  readonly #context: HooksContext;
  /** What the stop has to end. */
  #begun: Step[] = [];
  readonly #passed = new Set<Hook>();
  #starting: Promise<void> | undefined;
  #isComplete = false;

  constructor(context: HooksContext) {
    this.#context = context;
  }

  /**
   * Runs those that have not run since the last stop. If one fails or time is up, ends what this call had begun.
   *
   * @throws {TimeoutError}
   * @throws what a hook throws, or the reason of the signal
   */
  async start(registered: readonly Hook[], signal: AbortSignal): Promise<void> {
    while (this.#starting) await this.#starting;
    const hooks = registered.filter((hook) => !this.#passed.has(hook));
    if (hooks.length > 0) {
      this.#starting = this.#run(hooks, signal).finally(() => this.#starting = undefined);
      await this.#starting;
    }
    signal.throwIfAborted();
    this.#isComplete = true;
  }

  /** Ends what has begun, in reverse; each failure is reported. */
  async stop(registered: readonly Hook[], remaining: () => number): Promise<void> {
    const { clock, report } = this.#context;
    // a start under way is cancelled, and ends what it had begun
    const cancelled = this.#starting?.catch(() => {});
    if (cancelled) {
      await within(cancelled, { clock, timeout: remaining() }, "cancel the start").catch(report);
    }
    if (this.#isComplete) {
      // those that were registered after the start
      const more = registered.filter((hook) => "end" in hook && !this.#passed.has(hook));
      this.#begun.push(...more.map((hook) => stepOf(hook as { end(): unknown })));
    }
    const begun = this.#begun;
    this.#begun = [];
    this.#passed.clear();
    this.#isComplete = false;
    await endInReverse(begun, remaining, this.#context);
  }

  async #run(hooks: readonly Hook[], signal: AbortSignal): Promise<void> {
    const { clock, startTimeout } = this.#context;
    const deadline = new StopDeadline(clock, startTimeout);
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const begun: Step[] = [];
    try {
      for (const hook of hooks) {
        const step = "end" in hook ? stepOf(hook) : await this.#begin(hook, deadline, either);
        if (step) begun.push(step);
      }
      this.#begun.push(...begun);
      for (const hook of hooks) this.#passed.add(hook);
    } catch (thrown) {
      const error = asError(thrown, "Cannot run onStart() as it threw");
      failed.abort(error);
      await endInReverse(begun, () => deadline.left, this.#context);
      throw error;
    } finally {
      deadline.clear();
    }
  }

  /** Runs a hook, and returns how to dispose of what it gave. */
  async #begin(
    { begin }: { readonly begin: StartHook },
    { workUntil, timeout: given }: StopDeadline,
    signal: AbortSignal,
  ): Promise<Step | undefined> {
    const { clock, report } = this.#context;
    const begun = Promise.try(begin, { signal });
    try {
      const timeout = Math.max(0, workUntil - clock.now());
      const value = await within(begun, { clock, timeout, given, signal }, "run onStart()");
      const end = disposalOf(value);
      return end && { action: "dispose of what onStart() returned", end };
    } catch (error) {
      // it may still end, and nothing else would dispose of its resource
      const late = begun.then((value) => disposalOf(value), () => undefined);
      late.then((end) => end?.()).catch((thrown) =>
        report(asError(thrown, "Cannot dispose of what onStart() returned as it threw"))
      );
      throw error;
    }
  }
}

function stepOf({ end }: { end(): unknown }): Step {
  return { action: "run onStop()", end: () => end() };
}
