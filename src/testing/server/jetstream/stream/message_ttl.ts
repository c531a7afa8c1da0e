import { ApiError } from "../api/errors.ts";
import { headerText, withHeader, withoutHeader } from "../header_block.ts";
import type { Published } from "../message.ts";
import { NANOSECONDS, readDuration } from "../time.ts";
import type { StreamConfig } from "./config.ts";
import { HEADER } from "./header_names.ts";

const SECOND = 1_000;

/** A message's TTL in whole seconds: 0 means none set, -1 means never expires. */
export function ttlOf(headers: string): number {
  const text = headerText(headers, HEADER.ttl);
  return text === "" ? 0 : readTtl(text);
}

/** Parses a TTL such as `5`, `1h` or `never`; throws an {@linkcode ApiError} if it is invalid. */
export function readTtl(text: string): number {
  if (text.toLowerCase() === "never") return -1;
  const duration = readDuration(text);
  // like nats-server, reads a bare 0 as a duration, which is then too short
  if (duration !== undefined) {
    if (duration < SECOND) throw new ApiError("messageTtlInvalid");
    return Math.floor(duration / SECOND);
  }
  if (!/^\d{1,19}$/.test(text)) throw new ApiError("messageTtlInvalid");
  return Number(text);
}

/**
 * Throws an {@linkcode ApiError} for a TTL in a stream without `allow_msg_ttl`. A malformed TTL is rejected by a later
 * check.
 */
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

/** Raises a message's TTL to that of its subject's delete marker, if it is lower. */
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
