import { describe, holdsOptions, type Rule } from "../../options.ts";
import type { ConsumerConfig } from "../api/api_types.ts";

/**
 * Where in a stream to start: at its first message, its last one, the last one of each subject, the first one stored
 * from now on, a sequence, or a time, given as a `Date` or as text that `Date` parses.
 */
export type From =
  | "first"
  | "last"
  | "last-per-subject"
  | "new"
  | { readonly seq: number }
  | { readonly time: Date | string };

type Policy = NonNullable<ConsumerConfig["deliver_policy"]>;

/** The deliver policies of the API for the places that are words. */
const POLICIES: ReadonlyMap<unknown, Policy> = new Map<string, Policy>([
  ["first", "all"],
  ["last", "last"],
  ["last-per-subject", "last_per_subject"],
  ["new", "new"],
]);

/** The description of a valid place, for error messages. */
const FORM = `"first", "last", "last-per-subject", "new", { seq } from 1, or { time }, ` +
  'a Date or text such as "2026-01-31T12:00Z"';

/** The rule for options that name a place to start. */
export const from: Rule = (value) => {
  if (POLICIES.has(value)) return undefined;
  if (!holdsOptions(value) || Object.keys(value).length !== 1) return FORM;
  const { seq, time } = value as { readonly seq?: unknown; readonly time?: unknown };
  const isPlace = Number.isSafeInteger(seq) && (seq as number) >= 1;
  return isPlace || timeOf(time) !== undefined
    ? undefined
    : `${FORM}, which ${describe(seq ?? time)} is not`;
};

/** The start of a consumer's configuration; expects a checked `place`. */
export function startOf(
  place: From,
): Pick<ConsumerConfig, "deliver_policy" | "opt_start_seq" | "opt_start_time"> {
  if (typeof place === "string") return { deliver_policy: POLICIES.get(place)! };
  if ("seq" in place) return { deliver_policy: "by_start_sequence", opt_start_seq: place.seq };
  return {
    deliver_policy: "by_start_time",
    opt_start_time: timeOf(place.time)!.toISOString(),
  };
}

/** The start time in milliseconds since 1970; `undefined` if `place` is no time. */
export function sinceOf(place: From): number | undefined {
  return typeof place === "object" && "time" in place ? timeOf(place.time)!.getTime() : undefined;
}

function timeOf(time: unknown): Date | undefined {
  if (typeof time !== "string" && !(time instanceof Date)) return undefined;
  const read = new Date(time);
  return Number.isNaN(read.getTime()) ? undefined : read;
}
