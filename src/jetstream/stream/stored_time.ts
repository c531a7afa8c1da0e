import { type Duration, millisecondsOf } from "../../duration.ts";
import { limit, type Rule } from "../../options.ts";

const NANOSECONDS = 1e6;
/** The longest time that fits the server's nanoseconds, in milliseconds: 292 years. */
const LONGEST = 9_223_372_036_854;

/**
 * The rule for a time that only the server counts, of at least `least` milliseconds: it may exceed any timer here, and
 * be infinite.
 */
export function storedTime(least: number): Rule {
  return limit((value) => {
    const given = millisecondsOf(value);
    const isFitting = given !== undefined && given >= least && given <= LONGEST;
    return isFitting ? undefined : `milliseconds from ${least} on, or text such as "7d"`;
  });
}

/** A time in nanoseconds, as the API has it; 0 for no limit. */
export function nanosecondsOf(time: Duration): number {
  return time === Infinity ? 0 : Math.round(millisecondsOf(time)! * NANOSECONDS);
}
