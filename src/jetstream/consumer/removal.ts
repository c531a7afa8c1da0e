import type { Clock } from "../../clock.ts";

/** The shortest wait, in milliseconds. The longest is twice as long, so that processes do not all create it at once. */
const REMOVAL = 100;

/**
 * How long to wait before making a deleted consumer again, in milliseconds. nats-server 2.15 reports the deletion before it
 * has removed the files: a consumer made in between starts from the old state, and delivers again what is done.
 */
export function removalTime(clock: Clock): number {
  return REMOVAL * (1 + clock.random());
}
