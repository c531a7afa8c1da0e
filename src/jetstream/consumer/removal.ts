import type { Clock } from "../../clock.ts";

/** Milliseconds, and up to as much again, so that not all processes come at once. */
const REMOVAL = 100;

/**
 * After how many milliseconds a deleted consumer may be made again. nats-server 2.15 says that it is gone before it has
 * removed its files: a consumer that is made in between begins with the old state, so that what is done is delivered again.
 */
export function removalTime(clock: Clock): number {
  return REMOVAL * (1 + clock.random());
}
