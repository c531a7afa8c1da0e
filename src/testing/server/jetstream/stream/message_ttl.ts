import { ApiError } from "../api/errors.ts";
import { headerText, withHeader, withoutHeader } from "../header_block.ts";
import type { Published } from "../message.ts";
import { NANOSECONDS, readDuration } from "../time.ts";
import type { StreamConfig } from "./config.ts";
import { HEADER } from "./header_names.ts";

const SECOND = 1_000;

/** How long a message may stay, in whole seconds: 0 says nothing of it, and -1 is for ever. */
export function ttlOf(headers: string): number {
  const text = headerText(headers, HEADER.ttl);
  return text === "" ? 0 : readTtl(text);
}

/** Reads how long a message may stay, such as `5`, `1h` or `never`; throws an {@linkcode ApiError}. */
export function readTtl(text: string): number {
  if (text.toLowerCase() === "never") return -1;
  const duration = readDuration(text);
  // a bare 0 is a duration to the server as well, which is too short
  if (duration !== undefined) {
    if (duration < SECOND) throw new ApiError("messageTtlInvalid");
    return Math.floor(duration / SECOND);
  }
  if (!/^\d{1,19}$/.test(text)) throw new ApiError("messageTtlInvalid");
  return Number(text);
}

/** May messages of the stream say how long they stay, where this one does? What cannot be read is refused later. */
export function checkTtlAllowed({ allow_msg_ttl }: StreamConfig, { headers }: Published): void {
  if (allow_msg_ttl) return;
  let ttl = 0;
  try {
    ttl = ttlOf(headers);
  } catch {
    return;
  }
  if (ttl !== 0) throw new ApiError("messageTtlDisabled");
}

/** The headers of a message that stays at least as long as the marker of its subject would. */
export function withLeastTtl(
  { subject_delete_marker_ttl, max_msgs_per_subject }: StreamConfig,
  headers: string,
): string {
  const ttl = ttlOf(headers);
  if (ttl <= 0 || max_msgs_per_subject === 1) return headers;
  const least = Math.floor(subject_delete_marker_ttl / NANOSECONDS / SECOND);
  if (ttl >= least) return headers;
  return withHeader(withoutHeader(headers, HEADER.ttl), HEADER.ttl, String(least));
}
