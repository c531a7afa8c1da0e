import { afterTurn, platformClock } from "./clock.ts";

/** How long our own loops may go on in microtasks before timers and sockets have their turn, in milliseconds. */
const SLICE = 5;

/** Resolves once the event loop has turned, where that has been asked for. */
let turn: Promise<void> | undefined;
/** When that was, or when the loop last turned, by the platform's clock: what counts is the work of the processor. */
let since = -Infinity;

/** The turn that loops wait for, where there are any. */
export function breathing(): Promise<void> | undefined {
  return turn;
}

/**
 * Gives a promise to wait for where a loop has kept the event loop to itself for too long. One turn serves all loops,
 * as a turn for each would let many take their slices one after the other.
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
