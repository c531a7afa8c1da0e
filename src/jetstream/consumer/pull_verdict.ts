import { legible } from "../../legible.ts";
import type { PullStatus } from "../api/pull_status.ts";

/**
 * What a status means for the one who asked: `alive`, the request waits; `ended`, it is over; `again`, everything has to
 * be asked for again; `gone`, there is no consumer, or nobody who answers for it. Anything else is the server's refusal,
 * in its words.
 */
export type PullVerdict = "alive" | "ended" | "again" | "gone" | (string & Record<never, never>);

const ENDED = /^(?:Message Size Exceeds MaxBytes|Batch Completed)/i;
const TOO_LARGE = /^Message Size Exceeds MaxBytes/i;
const AGAIN = /^(?:Leadership Change|Server Shutdown)/i;
const GONE = /^Consumer Deleted/i;

/** The status for a process that is no longer the active one of its group. */
export const WRONG_PIN = 423;

/** What one request may ask for, as the consumer says. */
export interface PullLimits {
  readonly batch: number;
  /** Milliseconds. */
  readonly expires: number;
  /** 0 for any number. */
  readonly bytes: number;
}

const NANOSECONDS = 1_000_000;
const encoder = new TextEncoder();
/** The least time that a request waits, in milliseconds. */
const LEAST_EXPIRES = 1_000;

/** A request for up to `batch` messages; `fields` are the additional fields of a group. */
export function pullRequest(
  batch: number,
  { expires, bytes }: PullLimits,
  heartbeat: number,
  fields: string,
): Uint8Array {
  const beat = Math.min(heartbeat, Math.floor(expires / 2));
  const size = bytes > 0 ? `,"max_bytes":${bytes}` : "";
  return encoder.encode(
    `{"batch":${batch},"expires":${expires * NANOSECONDS},` +
      `"idle_heartbeat":${beat * NANOSECONDS}${size}${fields}}`,
  );
}

/** The limits that the server names in its refusal: somebody has changed the consumer. */
export function tighter(limits: PullLimits, words: string): PullLimits | undefined {
  const [, what, given] = /Exceeded MaxRequest(Batch|Expires|MaxBytes) of (\S+)/.exec(words) ?? [];
  const limit = Number(given);
  const isNumber = Number.isSafeInteger(limit) && limit > 0;
  if (what === "Batch" && isNumber) return { ...limits, batch: limit };
  if (what === "MaxBytes" && isNumber) return { ...limits, bytes: limit };
  // the server writes a time of its own form
  const isLonger = what === "Expires" && limits.expires > LEAST_EXPIRES;
  return isLonger ? { ...limits, expires: Math.max(LEAST_EXPIRES, limits.expires / 2) } : undefined;
}

/**
 * Reads a status of requests for so many bytes, 0 for any number; one that says nothing of what is left of the request
 * ends all requests.
 */
export function pullVerdict(status: PullStatus, bytes: number): PullVerdict {
  const { code, text, pendingMessages, pendingBytes } = status;
  if (code === 100) return "alive";
  if (code === 503) return "gone";
  if (code === WRONG_PIN) return "again";
  // not even the first message has fitted, and none will that is asked for again
  const isTooLarge = code === 409 && TOO_LARGE.test(text) && bytes > 0 && pendingBytes >= bytes;
  if (isTooLarge) return legible(`${code} ${text} of ${bytes}`);
  const isEnd = code === 408 || code === 404 || (code === 409 && ENDED.test(text));
  if (isEnd) return pendingMessages > 0 ? "ended" : "again";
  if (code === 409 && AGAIN.test(text)) return "again";
  if (code === 409 && GONE.test(text)) return "gone";
  return legible(`${code} ${text}`);
}
