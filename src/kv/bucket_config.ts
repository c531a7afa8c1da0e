import { asMilliseconds, type Duration } from "../duration.ts";
import type { StreamConfig, StreamInfo } from "../jetstream/api/api_types.ts";
import { nanosecondsOf } from "../jetstream/stream/stored_time.ts";
import { DifferenceError, NotFoundError } from "../jetstream/api/errors.ts";
import type { JetStreamApi } from "../jetstream/api/js_api.ts";
import { type DeclaredStream, declareStream } from "../jetstream/stream/declare_stream.ts";
import type { BucketOptions } from "./bucket_options.ts";
import { streamOf, subjectStart } from "./keys.ts";

const NANOSECONDS = 1_000_000;
/** The default duplicate window of a stream, in milliseconds; `max_age` shortens it. */
const DUPLICATE_WINDOW = 120_000;
/** The default TTL of expiry markers, in milliseconds. */
const MARKER = 60_000;
const UNLIMITED = -1;

const unlimited = (value: number | undefined) => value === Infinity ? UNLIMITED : value;

/** The stream configuration that the options name; fields they leave out are neither compared nor changed. */
export function declaredConfig(bucket: string, options: BucketOptions): DeclaredStream {
  const { history, ttl, keyTtl, batch, maxValueSize, maxBytes, storage, replicas } = options;
  const { compression, description, metadata, placement, republish } = options;
  const config: Record<string, unknown> = {
    max_msgs_per_subject: history,
    max_age: ttl === undefined ? undefined : nanosecondsOf(ttl),
    ...markers(keyTtl),
    allow_atomic: batch,
    max_msg_size: unlimited(maxValueSize),
    max_bytes: unlimited(maxBytes),
    storage,
    num_replicas: replicas,
    compression: compression === undefined ? undefined : compression ? "s2" : "none",
    description,
    metadata,
    placement,
    republish: republish && {
      src: republish.src,
      dest: republish.dest,
      ...republish.headersOnly !== undefined && { headers_only: republish.headersOnly },
    },
  };
  const named = Object.entries(config).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(named), name: streamOf(bucket) };
}

/** The complete stream configuration for a new bucket (ADR-8). */
export function newConfig(bucket: string, options: BucketOptions): DeclaredStream {
  const age = asMilliseconds(options.ttl) ?? Infinity;
  return {
    subjects: [`${subjectStart(bucket)}>`],
    retention: "limits",
    storage: "file",
    num_replicas: 1,
    max_consumers: UNLIMITED,
    max_msgs: UNLIMITED,
    max_bytes: UNLIMITED,
    max_msg_size: UNLIMITED,
    max_msgs_per_subject: 1,
    max_age: 0,
    // with "old", a full bucket would lose keys
    discard: "new",
    duplicate_window: Math.min(DUPLICATE_WINDOW, age) * NANOSECONDS,
    deny_delete: true,
    allow_rollup_hdrs: true,
    allow_direct: true,
    ...declaredConfig(bucket, options),
  };
}

/**
 * Declares the bucket as its options say; returns the server's configuration.
 *
 * @throws {NotFoundError} if the bucket is missing and `declare` does not create it
 * @throws {DifferenceError} if the bucket differs and `declare` does not change it
 */
export async function declareBucket(
  api: JetStreamApi,
  bucket: string,
  options: BucketOptions,
): Promise<StreamInfo> {
  const { declare = "verify" } = options;
  const declared = declaredConfig(bucket, options);
  const mayMake = declare === "create" || declare === "update";
  if (mayMake && await isMissing(api, declared.name)) {
    try {
      return await declareStream(api, newConfig(bucket, options), "create");
    } catch (error) {
      // another client created it meanwhile, and may differ in fields that our options leave out
      if (!(error instanceof DifferenceError)) throw error;
    }
  }
  return await declareStream(api, declared, declare);
}

async function isMissing(api: JetStreamApi, stream: string): Promise<boolean> {
  try {
    await api.call<StreamInfo>(`STREAM.INFO.${stream}`);
    return false;
  } catch (error) {
    if (error instanceof NotFoundError) return true;
    throw error;
  }
}

function markers(keyTtl: boolean | Duration | undefined): Partial<StreamConfig> {
  if (keyTtl === undefined || keyTtl === false) return {};
  const ttl = keyTtl === true ? MARKER : asMilliseconds(keyTtl);
  return { allow_msg_ttl: true, subject_delete_marker_ttl: ttl * NANOSECONDS };
}
