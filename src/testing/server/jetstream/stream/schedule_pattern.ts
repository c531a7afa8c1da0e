import { isZone, nextMatch } from "../../../../cron.ts";
import { ApiError } from "../api/errors.ts";
import { headerOf, headerText } from "../header_block.ts";
import { readDuration, readTime } from "../time.ts";

import { HEADER } from "./header_names.ts";

const SECOND = 1_000;

/** When a schedule is due, and whether it is due again after that. */
export interface Due {
  readonly at: number;
  readonly repeats: boolean;
}

/**
 * When the schedule that a message is, if it is one, is due after a time; throws an {@linkcode ApiError} where its
 * pattern or its time zone is none.
 */
export function dueAfter(headers: string, after: number, now: number): Due | undefined {
  const named = headerOf(headers, HEADER.scheduleTimeZone);
  if (named !== undefined && named !== "Local" && !isZone(named)) {
    throw new ApiError("scheduleTimeZoneInvalid");
  }
  const pattern = headerText(headers, HEADER.schedule);
  if (pattern === "") return undefined;
  const due = readPattern(pattern, named, after, now);
  if (!due) throw new ApiError("schedulePatternInvalid");
  return due;
}

function readPattern(pattern: string, named: string | undefined, after: number, now: number) {
  const isPlain = pattern.startsWith("@at ") || pattern.startsWith("@every ");
  // a point in time and an interval are the same everywhere
  if (isPlain && named !== undefined) return undefined;
  if (pattern.startsWith("@at ")) {
    const at = readTime(pattern.slice("@at ".length));
    return at === undefined ? undefined : { at, repeats: false };
  }
  if (pattern.startsWith("@every ")) {
    const interval = readDuration(pattern.slice("@every ".length));
    if (interval === undefined || interval < SECOND) return undefined;
    const next = rounded(after) + interval;
    // what was missed is not made up for
    return { at: next < now ? rounded(now) + interval : next, repeats: true };
  }
  const zone = named === undefined ? "UTC" : named === "Local" ? undefined : named;
  const next = nextMatch(pattern, zone, after);
  const at = next !== undefined && next < now ? nextMatch(pattern, zone, rounded(now)) : next;
  return at === undefined ? undefined : { at, repeats: true };
}

function rounded(time: number): number {
  return Math.round(time / SECOND) * SECOND;
}
