import { afterTurn, platformClock } from "./clock.ts";

/** How long our own loops may run in microtasks before timers and sockets get a turn, in milliseconds. */
const SLICE = 5;

/** Resolves once the event loop has turned; `undefined` while no loop asks for a turn. */
let turn: Promise<void> | undefined;
/** When a loop asked for a turn or the event loop last turned, by the platform's clock, as this measures real work. */
let since = -Infinity;

/** The turn that loops wait for, if any loop waits. */
export function breathing(): Promise<void> | undefined {
  return turn;
}

/**
 * Returns a promise to await if loops have kept the event loop busy for too long. All loops share one turn: with a turn
 * for each, many loops would take their slices one after the other.
 */
export function breath(): Promise<void> | undefined {
  const now = platformClock.now();
  if (now - since < SLICE) return undefined;
  if (turn) return turn;
  since = now;
  turn = new Promise((resolve) => {
    afterTurn(() => {
      turn = undefined;
      since = platformClock.now();
      resolve();
    });
  });
  return undefined;
}
