import { asMilliseconds, type Duration } from "../duration.ts";
import {
  checkOptions,
  count,
  describe,
  duration,
  flag,
  limit,
  oneOf,
  record,
  type Rules,
  text,
} from "../options.ts";
import type { StreamConfig } from "../jetstream/api/api_types.ts";
import type { Declare } from "../jetstream/stream/declare_stream.ts";
import { nanosecondsOf, storedTime } from "../jetstream/stream/stored_time.ts";
import type { BucketNames } from "./names.ts";

/**
 * How a bucket is configured and used. Unless `declare` is `"create"`, fields left out are neither compared nor
 * changed.
 */
export interface ObjectsOptions {
  /**
   * What happens at `start()`: `"verify"` rejects if the bucket is missing or differs; `"create"` creates it if it is
   * missing, and rejects if it differs; `"update"` creates it, or changes the fields that are named here; `"leave"`
   * does nothing.
   *
   * @default {"verify"}
   */
  readonly declare?: "verify" | "create" | "update" | "leave";
  /**
   * The JetStream domain.
   *
   * @default {the server's own}
   */
  readonly domain?: string;
  /** A human-readable description. */
  readonly description?: string;
  /**
   * How long an object is kept. Chunks expire one by one, by the time they were stored: an object that was put slowly
   * expires a little earlier at its beginning.
   *
   * @default {without end}
   */
  readonly ttl?: Duration;
  /**
   * The size limit of the bucket in bytes, `Infinity` for no limit; a put that exceeds it fails.
   *
   * @default {without limit}
   */
  readonly maxBytes?: number;
  /**
   * The storage type.
   *
   * @default {"file"}
   */
  readonly storage?: "file" | "memory";
  /**
   * The number of servers in a cluster that store the bucket.
   *
   * @default {1}
   */
  readonly replicas?: number;
  /** Where a cluster places the bucket. */
  readonly placement?: { readonly cluster?: string; readonly tags?: readonly string[] };
  /**
   * Whether the server compresses what it stores.
   *
   * @default {false}
   */
  readonly compression?: boolean;
  /** Custom metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * The most bytes of an object per message; reduced to what the server accepts.
   *
   * @default {131_072}
   */
  readonly chunkSize?: number;
  /**
   * How long a put may make no progress, outages included, before it fails.
   *
   * @default {"1m"}
   */
  readonly timeout?: Duration;
  /**
   * Whether this program only reads: writing methods throw, and `permissions()` asks for less.
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
}

/** Checked options. */
export interface ObjectsSettings {
  readonly declare: Declare;
  readonly domain: string | undefined;
  readonly chunkSize: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly readOnly: boolean;
  /** The configuration that an existing bucket must have. */
  readonly declared: StreamConfig;
  /** The complete configuration for a new bucket. */
  readonly whole: StreamConfig;
}

const CHUNK_SIZE = 131_072;
const TIMEOUT = 60_000;

/** What ADR-20 asks of a bucket; not compared, as another client may have created the bucket otherwise. */
const WHOLE: Partial<StreamConfig> = {
  retention: "limits",
  storage: "file",
  num_replicas: 1,
  max_age: 0,
  max_bytes: -1,
  // with "old", a full bucket would lose chunks of complete objects
  discard: "new",
  allow_direct: true,
};

const RULES: Rules = {
  declare: oneOf("verify", "create", "update", "leave"),
  domain: text,
  description: text,
  ttl: storedTime(100),
  maxBytes: limit(count),
  storage: oneOf("file", "memory"),
  replicas: count,
  placement: record,
  compression: flag,
  metadata: texts,
  chunkSize: count,
  timeout: duration,
  readOnly: flag,
};

/** The rule for an object of strings. */
export function texts(value: unknown): string | undefined {
  const isRecord = record(value) === undefined;
  return isRecord && Object.values(value as object).every((one) => typeof one === "string")
    ? undefined
    : "an object of texts";
}

/**
 * Checks the options of a bucket.
 *
 * @throws {TypeError} naming the first option that is unknown or invalid
 */
export function objectsSettings(names: BucketNames, options: ObjectsOptions = {}): ObjectsSettings {
  const action = `use the bucket "${names.bucket}"`;
  checkOptions(action, options, RULES);
  const { declare = "verify", domain, chunkSize = CHUNK_SIZE, readOnly = false } = options;
  const timeout = asMilliseconds(options.timeout) ?? TIMEOUT;
  if (readOnly && (declare === "create" || declare === "update")) {
    const rule = `"declare" must be "verify" or "leave" where "readOnly" is true`;
    throw new TypeError(`Cannot ${action} as ${rule}: ${describe(declare)}`);
  }
  const declared = declaredConfig(names, options);
  const whole: StreamConfig = { ...WHOLE, ...declared };
  return { declare, domain, chunkSize, timeout, readOnly, declared, whole };
}

/** The fields that every bucket needs, and those that the options name. */
function declaredConfig(names: BucketNames, options: ObjectsOptions): StreamConfig {
  const { description, ttl, maxBytes, storage, replicas, placement, compression, metadata } =
    options;
  return {
    name: names.stream,
    // the info subjects of some clients have several tokens after "M"
    subjects: [`$O.${names.bucket}.C.>`, `$O.${names.bucket}.M.>`],
    allow_rollup_hdrs: true,
    ...description !== undefined && { description },
    ...ttl !== undefined && { max_age: nanosecondsOf(ttl) },
    ...maxBytes !== undefined && { max_bytes: maxBytes === Infinity ? -1 : maxBytes },
    ...storage !== undefined && { storage },
    ...replicas !== undefined && { num_replicas: replicas },
    ...placement !== undefined && { placement },
    ...compression !== undefined && { compression: compression ? "s2" : "none" },
    ...metadata !== undefined && { metadata },
  };
}
