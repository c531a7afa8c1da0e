import { ApiError } from "../api/errors.ts";
import { headerText } from "../header_block.ts";
import type { Published } from "../message.ts";
import type { StreamConfig } from "./config.ts";
import { HEADER } from "./header_names.ts";
import type { Staged } from "./staged.ts";

/** The messages that a rollup replaces: those of its subject, or all of the stream. */
export type Rollup = "sub" | "all";

/** A message's rollup header; throws an {@linkcode ApiError} if it is invalid or not allowed. */
export function rollupOf(
  { allow_rollup_hdrs, deny_purge }: StreamConfig,
  { subject, headers }: Published,
  staged?: Staged,
): Rollup | undefined {
  const rollup = headerText(headers, HEADER.rollup).toLowerCase();
  if (rollup === "") return undefined;
  if (!allow_rollup_hdrs || deny_purge) throw refused("rollup not permitted");
  if (rollup !== "sub" && rollup !== "all") throw refused(`rollup value invalid: "${rollup}"`);
  if (rollup === "sub" && staged?.has(subject)) throw refused("batch rollup sub invalid");
  if (rollup === "all" && staged && staged.size > 0) throw refused("batch rollup all invalid");
  return rollup;
}

/**
 * Reads the rollup header of a message that the server itself publishes; a stream that does not allow rollups ignores it.
 * Throws an {@linkcode ApiError} if the value is invalid.
 */
export function rollupOfOwn(config: StreamConfig, { headers }: Published): Rollup | undefined {
  const rollup = headerText(headers, HEADER.rollup).toLowerCase();
  if (rollup === "") return undefined;
  if (rollup !== "sub" && rollup !== "all") throw refused(`rollup value invalid: "${rollup}"`);
  return config.allow_rollup_hdrs && !config.deny_purge ? rollup : undefined;
}

function refused(why: string): ApiError {
  return new ApiError("streamRollupFailed", why);
}
