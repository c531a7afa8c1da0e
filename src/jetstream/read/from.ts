import { describe, holdsOptions, type Rule } from "../../options.ts";
import type { ConsumerConfig } from "../api/api_types.ts";

/**
 * Where in a stream to begin: at its first message, at its last one, with the last one of each subject, at the first that
 * is stored from now on, at a number, or at a time, a `Date` or text as `Date` reads it.
 */
export type From =
  | "first"
  | "last"
  | "last-per-subject"
  | "new"
  | { readonly seq: number }
  | { readonly time: Date | string };

type Policy = NonNullable<ConsumerConfig["deliver_policy"]>;

/** What the API calls the places that are words. */
const POLICIES: ReadonlyMap<unknown, Policy> = new Map<string, Policy>([
  ["first", "all"],
  ["last", "last"],
  ["last-per-subject", "last_per_subject"],
  ["new", "new"],
]);

/** How an error message describes a valid one. */
const FORM = `"first", "last", "last-per-subject", "new", { seq } from 1, or { time }, ` +
  'a Date or text such as "2026-01-31T12:00Z"';

/** The rule for options that say where to begin. */
export const from: Rule = (value) => {
  if (POLICIES.has(value)) return undefined;
  if (!holdsOptions(value) || Object.keys(value).length !== 1) return FORM;
  const { seq, time } = value as { readonly seq?: unknown; readonly time?: unknown };
  const isPlace = Number.isSafeInteger(seq) && (seq as number) >= 1;
  return isPlace || timeOf(time) !== undefined
    ? undefined
    : `${FORM}, which ${describe(seq ?? time)} is not`;
};

/** The part of a consumer's configuration that says where it begins; `place` must have been checked. */
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

/** The time at which it begins, in milliseconds since 1970; `undefined` if it begins elsewhere. */
export function sinceOf(place: From): number | undefined {
  return typeof place === "object" && "time" in place ? timeOf(place.time)!.getTime() : undefined;
}

function timeOf(time: unknown): Date | undefined {
  if (typeof time !== "string" && !(time instanceof Date)) return undefined;
  const read = new Date(time);
  return Number.isNaN(read.getTime()) ? undefined : read;
}
