import { ApiError } from "../api/errors.ts";
import { headerText } from "../header_block.ts";
import type { Published } from "../message.ts";
import type { StreamConfig } from "./config.ts";
import { HEADER } from "./header_names.ts";
import type { Staged } from "./staged.ts";

/** What a message takes the place of: all of its subject, or all of the stream. */
export type Rollup = "sub" | "all";

/** What the message takes the place of; throws an {@linkcode ApiError} where it may not. */
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

function refused(why: string): ApiError {
  return new ApiError("streamRollupFailed", why);
}
