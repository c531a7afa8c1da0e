import { ApiError } from "../api/errors.ts";
import type { ConsumerLimits, StreamConfig } from "../stream/config.ts";
import { NANOSECONDS } from "../time.ts";
import { type ConsumerConfig, isAcknowledged, isPush } from "./config.ts";
import { FLOW_CONTROL_HEARTBEAT } from "./config_check.ts";

type Draft = { -readonly [Name in keyof ConsumerConfig]: ConsumerConfig[Name] };

const MAX_WAITING = 512;
/** The default of `max_ack_pending`. */
export const MAX_ACK_PENDING = 1_000;
const ACK_WAIT = 30_000 * NANOSECONDS;
const PINNED = 120_000 * NANOSECONDS;

/** Fields in which a pedantic request must not have a negative value, in the server's order. */
const NOT_NEGATIVE = [
  "max_batch",
  "max_expires",
  "max_bytes",
  "idle_heartbeat",
  "inactive_threshold",
  "priority_timeout",
] as const;

/** Rejects a silent change of the request's values, if the request is pedantic. */
type Objection = (what: string) => void;

/**
 * The configuration with the server's defaults. Throws an {@linkcode ApiError} if the request is pedantic and a default
 * would change one of its values.
 */
export function withDefaults(
  said: ConsumerConfig,
  { consumer_limits }: StreamConfig,
  pedantic: boolean,
): ConsumerConfig {
  const config: Draft = { ...said };
  const object = (what: string) => {
    if (pedantic) throw new ApiError("pedantic", what);
  };
  liftNegative(config, object);
  if (!isPush(config) && config.max_waiting === 0) config.max_waiting = MAX_WAITING;
  fillAckWait(config, object);
  fillFromLimits(config, consumer_limits, object);
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

function liftNegative(config: Draft, object: Objection): void {
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
}

function fillAckWait(config: Draft, object: Objection): void {
  if (config.ack_wait === 0 && isAcknowledged(config)) config.ack_wait = ACK_WAIT;
  const [first] = config.backoff;
  if (first === undefined) return;
  if (config.ack_wait !== first) object("first backoff value has to equal batch AckWait");
  config.ack_wait = first;
}

function fillFromLimits(config: Draft, limits: ConsumerLimits, object: Objection): void {
  for (const name of ["max_ack_pending", "inactive_threshold"] as const) {
    if (config[name] !== 0) continue;
    const limit = limits[name] ?? 0;
    if (limit > 0) object(`${name} must be set if it's configured in stream limits`);
    config[name] = limit;
  }
}
