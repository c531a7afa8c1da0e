/** How long our own loops may go on in microtasks before timers and sockets have their turn, in milliseconds. */
const SLICE = 5;

/** The one that is real: a test that moves the time would stop every loop that waits for a turn. */
const { setTimeout } = globalThis;

/** Resolves once the event loop has turned, where that has been asked for. */
let turn: Promise<void> | undefined;
/** When that was, or when the loop last turned; by `performance.now()`. */
let since = -Infinity;

/**
 * Gives a promise to wait for where a loop has kept the event loop to itself for too long. One turn serves all loops,
 * as a turn for each would let many take their slices one after the other.
 */
export function breath(): Promise<void> | undefined {
  const now = performance.now();
  if (now - since < SLICE) return undefined;
  if (turn) return turn;
  since = now;
  turn = new Promise((resolve) => {
    setTimeout(() => {
      turn = undefined;
      since = performance.now();
      resolve();
    }, 0);
  });
  return undefined;
}
