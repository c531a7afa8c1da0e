import { ApiError } from "../api/errors.ts";
import type { StreamConfig } from "../stream/config.ts";
import { NANOSECONDS } from "../time.ts";
import { type ConsumerConfig, isPush } from "./config.ts";
import { FLOW_CONTROL_HEARTBEAT } from "./config_check.ts";

type Draft = { -readonly [Name in keyof ConsumerConfig]: ConsumerConfig[Name] };

const MAX_WAITING = 512;
/** How many messages may be open. */
export const MAX_ACK_PENDING = 1_000;
const ACK_WAIT = 30_000 * NANOSECONDS;
const PINNED = 120_000 * NANOSECONDS;

/** What below 0 means nothing, in the server's order. */
const NOT_NEGATIVE = [
  "max_batch",
  "max_expires",
  "max_bytes",
  "idle_heartbeat",
  "inactive_threshold",
  "priority_timeout",
] as const;

/**
 * The configuration with the server's defaults. A pedantic request gets an {@linkcode ApiError} where something would be
 * changed that it says.
 */
export function withDefaults(
  said: ConsumerConfig,
  { consumer_limits }: StreamConfig,
  pedantic: boolean,
): ConsumerConfig {
  const config: Draft = { ...said };
  const { max_ack_pending = 0, inactive_threshold = 0 } = consumer_limits;
  const object = (what: string) => {
    if (pedantic) throw new ApiError("pedantic", what);
  };
  if (config.max_deliver === 0 || config.max_deliver < -1) {
    if (config.max_deliver < -1) object("max_deliver must be set to -1");
    config.max_deliver = -1;
  }
  if (config.max_waiting < 0) {
    object("max_waiting must not be negative");
    config.max_waiting = 0;
  }
  if (config.max_ack_pending < -1) {
    object("max_ack_pending must be set to -1");
    config.max_ack_pending = -1;
  }
  for (const name of NOT_NEGATIVE) {
    if (config[name] >= 0) continue;
    object(`${name} must not be negative`);
    config[name] = 0;
  }
  if (!isPush(config) && config.max_waiting === 0) config.max_waiting = MAX_WAITING;
  const isAcked = config.ack_policy === "explicit" || config.ack_policy === "all";
  if (config.ack_wait === 0 && isAcked) config.ack_wait = ACK_WAIT;
  const [first] = config.backoff;
  if (first !== undefined) {
    if (config.ack_wait !== first) object("first backoff value has to equal batch AckWait");
    config.ack_wait = first;
  }
  if (config.max_ack_pending === 0) {
    if (max_ack_pending > 0) {
      object("max_ack_pending must be set if it's configured in stream limits");
    }
    config.max_ack_pending = max_ack_pending;
  }
  if (config.inactive_threshold === 0) {
    if (inactive_threshold > 0) {
      object("inactive_threshold must be set if it's configured in stream limits");
    }
    config.inactive_threshold = inactive_threshold;
  }
  if (config.max_ack_pending === 0 && config.ack_policy !== "none") {
    config.max_ack_pending = MAX_ACK_PENDING;
  }
  if (config.priority_policy === "pinned_client" && config.priority_timeout === 0) {
    config.priority_timeout = PINNED;
  }
  if (config.ack_policy === "flow_control" && !pedantic) {
    config.flow_control = true;
    config.idle_heartbeat = FLOW_CONTROL_HEARTBEAT;
  }
  return config;
}
