import { type Clock, platformClock } from "../clock.ts";
import { AsyncLocalStorage } from "node:async_hooks";
import { TimeoutError } from "../errors.ts";

/** What everything that is sent from within a handler inherits from the message it handles. */
export interface Work {
  readonly correlationId: string;
  /** The subject of the message. */
  readonly subject: string;
  /** What its time goes by. */
  readonly clock: Clock;
  /** When the caller gives up, by that clock; `Infinity` where it does not say. */
  readonly deadline: number;
  /** Whether the handler is done: what it left running is nobody's to wait for, and has its own time. */
  readonly isOver: boolean;
  /** It asks, and may wait until that has settled. */
  asks?(subject: string, asked: Promise<unknown>): void;
}

/** Runs a function outside of whatever the code that asks is part of: a program's own `AsyncLocalStorage` as well. */
export const outside: <T>(run: () => T) => T = AsyncLocalStorage.snapshot();

const works = new AsyncLocalStorage<Work>();

/** Runs a handler as part of a piece of work. */
export function runWithin<Input>(
  work: Work,
  run: (input: Input) => unknown,
  input: Input,
): unknown {
  return works.run(work, run, input);
}

/** The work that the code which asks is part of, `undefined` outside of all handlers. */
export function currentWork(): Work | undefined {
  return works.getStore();
}

/** What the time of the code that asks goes by: its handler's, or the platform's. */
export function clockOfWork(): Clock {
  return works.getStore()?.clock ?? platformClock;
}

/**
 * How long something asked for from within a handler may take, in milliseconds: no longer than the handler's caller
 * waits. What a handler that is done left running has all the time it asks for.
 *
 * @throws {TimeoutError} if that time is over
 */
export function timeWithinWork(timeout: number, subject: string): number {
  const work = works.getStore();
  if (!work || work.isOver) return timeout;
  const left = Math.min(timeout, work.deadline - work.clock.now());
  if (left < 0) throw new TimeoutError(`request "${subject}"`, 0, subject);
  return left;
}
