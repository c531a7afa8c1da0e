import { byteString } from "../../byte_string.ts";
import { BOOLEAN, DURATION, type Fields, INT, INT64, readJson, STRING } from "../api/go_json.ts";
import { NANOSECONDS, writeDuration } from "../time.ts";
import type { ConsumerConfig } from "./config.ts";

/** What a request says of itself among others. */
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

/** What a request takes beside its texts, in bytes: measured. */
const REQUEST = 300;
/** Requests that say nothing of it come after all that do. */
const LAST = 2 ** 31;

/** A request for messages that waits for them. */
export interface PullRequest {
  readonly reply: string;
  /** How many messages are still wanted. */
  batch: number;
  /** How many have been delivered. */
  delivered: number;
  /** How many bytes are still wanted; 0 is any. */
  bytes: number;
  readonly noWait: boolean;
  /** When it ends, in milliseconds since 1970. */
  readonly expires: number | undefined;
  /** How often it hears that it still waits, in milliseconds; 0 is never. */
  readonly heartbeat: number;
  /** When it hears so next. */
  nextHeartbeat: number;
  /** What it says of itself, where it says anything at all. */
  readonly priority: Priority | undefined;
  /** The pin that it has. */
  pin: string;
}

/** A request that cannot be: with which status it is answered. */
export class PullRefused extends Error {
  override readonly name = "PullRefused";
}

/** Reads a request; throws {@linkcode PullRefused} where it cannot be read. */
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

/** Throws {@linkcode PullRefused} where a consumer does not take such a request. */
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

/** Where it stands among others: the less, the sooner. */
export function rankOf({ priority }: PullRequest): number {
  return priority ? priority.priority ?? 0 : LAST;
}

/** What it takes, in bytes as they are estimated. */
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
