import { byteString } from "../../byte_string.ts";
import { BOOLEAN, DURATION, type Fields, INT, INT64, readJson, STRING } from "../api/go_json.ts";
import { NANOSECONDS, writeDuration } from "../time.ts";
import type { ConsumerConfig } from "./config.ts";

/** The priority options of a request. */
interface Priority {
  readonly group?: string;
  readonly min_pending?: number;
  readonly min_ack_pending?: number;
  readonly id?: string;
  readonly priority?: number;
}

interface Said extends Priority {
  readonly expires?: number;
  readonly batch?: number;
  readonly max_bytes?: number;
  readonly no_wait?: boolean;
  readonly idle_heartbeat?: number;
}

const SAID: Fields = {
  expires: DURATION,
  batch: INT,
  max_bytes: INT,
  no_wait: BOOLEAN,
  idle_heartbeat: DURATION,
  group: STRING,
  min_pending: INT64,
  min_ack_pending: INT64,
  id: STRING,
  priority: INT,
};

/** Memory of a request without its strings, in bytes: measured. */
const REQUEST = 300;
/** The rank of requests without a priority: after all others. */
const LAST = 2 ** 31;

/** A waiting pull request. */
export interface PullRequest {
  readonly reply: string;
  /** Messages still wanted. */
  batch: number;
  /** Messages delivered so far. */
  delivered: number;
  /** Bytes still wanted; 0 means no limit. */
  bytes: number;
  readonly noWait: boolean;
  /** When it expires, in milliseconds since 1970. */
  readonly expires: number | undefined;
  /** The heartbeat interval in milliseconds; 0 means no heartbeats. */
  readonly heartbeat: number;
  /** When the next heartbeat is due, in milliseconds since 1970. */
  nextHeartbeat: number;
  /** Its priority options, if it has any. */
  readonly priority: Priority | undefined;
  /** The pin id that it carries. */
  pin: string;
}

/** Rejects a pull request; the message is the status to respond with. */
export class PullRefused extends Error {
  override readonly name = "PullRefused";
}

/** Parses a pull request; throws {@linkcode PullRefused} if it is invalid. */
export function readPull(reply: string, body: Uint8Array, now: number): PullRequest {
  const text = byteString(body, 0, body.length).trim();
  const isObject = text.startsWith("{");
  const said: Said = isObject
    ? readSaid(body)
    : { batch: /^[+-]?\d{1,15}$/.test(text) ? Number(text) : 1 };
  const { expires = 0, idle_heartbeat = 0 } = said;
  if (idle_heartbeat > 0 && idle_heartbeat * 2 > expires) {
    throw new PullRefused("400 Bad Request - heartbeat value too large");
  }
  const heartbeat = idle_heartbeat / NANOSECONDS;
  return {
    reply,
    batch: said.batch ?? 0,
    delivered: 0,
    bytes: said.max_bytes ?? 0,
    noWait: said.no_wait ?? false,
    expires: expires === 0 ? undefined : now + expires / NANOSECONDS,
    heartbeat: Math.max(heartbeat, 0),
    nextHeartbeat: now + heartbeat,
    priority: isObject ? said : undefined,
    pin: said.id ?? "",
  };
}

/** Throws {@linkcode PullRefused} if the consumer's configuration forbids the request. */
export function checkPull(config: ConsumerConfig, request: PullRequest, now: number): void {
  const { max_batch, max_expires, max_bytes } = config;
  if (max_batch > 0 && request.batch > max_batch) {
    throw new PullRefused(`409 Exceeded MaxRequestBatch of ${max_batch}`);
  }
  if (max_expires > 0 && (request.expires ?? 0) > now + max_expires / NANOSECONDS) {
    throw new PullRefused(`409 Exceeded MaxRequestExpires of ${writeDuration(max_expires)}`);
  }
  if (max_bytes > 0 && request.bytes > max_bytes) {
    throw new PullRefused(`409 Exceeded MaxRequestMaxBytes of ${max_bytes}`);
  }
  if (request.priority) checkPriority(config, request.priority);
}

/** Its rank among waiting requests: lower ranks come first. */
export function rankOf({ priority }: PullRequest): number {
  return priority ? priority.priority ?? 0 : LAST;
}

/** Estimated memory in bytes. */
export function sizeOf({ reply, pin }: PullRequest): number {
  return REQUEST + reply.length + pin.length;
}

function checkPriority(
  { priority_policy: policy, priority_groups: groups }: ConsumerConfig,
  { min_pending = 0, min_ack_pending = 0, id = "", priority = 0, group = "" }: Priority,
): void {
  const refuse = (why: string) => new PullRefused(`400 Bad Request - ${why}`);
  if ((min_pending !== 0 || min_ack_pending !== 0) && policy !== "overflow") {
    throw refuse("Not a Overflow Priority consumer");
  }
  if (id !== "" && policy !== "pinned_client") {
    throw refuse("Not a Pinned Client Priority consumer");
  }
  if (priority < 0 || priority > 9) throw refuse("Priority must be between 0 and 9");
  if (policy === "none") return;
  if (group === "") throw refuse("Priority Group missing");
  if (!groups.includes(group)) throw refuse("Invalid Priority Group");
}

function readSaid(body: Uint8Array): Said {
  try {
    return readJson(body, SAID, true);
  } catch (error) {
    throw new PullRefused(`400 Bad Request - ${(error as Error).message}`);
  }
}
