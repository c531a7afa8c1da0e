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
 * How a bucket is declared and used. With `declare` other than `"create"`, what is left out is not compared and not
 * changed.
 */
export interface ObjectsOptions {
  /**
   * What happens at `start()`: `"verify"` rejects if the bucket is missing or differs; `"create"` makes it if it is
   * missing, and rejects if it differs; `"update"` makes it, or changes what is named here and nothing else; `"leave"`
   * asks nothing.
   *
   * @default {"verify"}
   */
  readonly declare?: "verify" | "create" | "update" | "leave";
  /**
   * The domain of JetStream.
   *
   * @default {the server's own}
   */
  readonly domain?: string;
  /** A text for people. */
  readonly description?: string;
  /**
   * How long an object is kept. Its chunks are a little older than its end: one that was put slowly expires chunk by
   * chunk.
   *
   * @default {without end}
   */
  readonly ttl?: Duration;
  /**
   * How many bytes the bucket holds, `Infinity` for no limit; a put that does not fit fails.
   *
   * @default {without limit}
   */
  readonly maxBytes?: number;
  /**
   * Where the server keeps it.
   *
   * @default {"file"}
   */
  readonly storage?: "file" | "memory";
  /**
   * On how many servers of a cluster it is stored.
   *
   * @default {1}
   */
  readonly replicas?: number;
  /** Where a cluster stores it. */
  readonly placement?: { readonly cluster?: string; readonly tags?: readonly string[] };
  /**
   * Whether the server compresses what it stores.
   *
   * @default {false}
   */
  readonly compression?: boolean;
  /** Text by keys, for programs. */
  readonly metadata?: Readonly<Record<string, string>>;
  /**
   * How many bytes of an object go into one message, at most; a server that takes less gets less.
   *
   * @default {131_072}
   */
  readonly chunkSize?: number;
  /**
   * How long a put may store nothing, outages included, before it fails.
   *
   * @default {"1m"}
   */
  readonly timeout?: Duration;
  /**
   * Whether this program only reads, so that `permissions()` asks for less; what would write throws.
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
}

/** Options that are checked. */
export interface ObjectsSettings {
  readonly declare: Declare;
  readonly domain: string | undefined;
  readonly chunkSize: number;
  /** Milliseconds. */
  readonly timeout: number;
  readonly readOnly: boolean;
  /** What a bucket that exists must have. */
  readonly declared: StreamConfig;
  /** The same of a bucket that is made. */
  readonly whole: StreamConfig;
}

const CHUNK_SIZE = 131_072;
const TIMEOUT = 60_000;

/** What ADR-20 wants of a bucket, and what is none of this package's if a peer has made it otherwise. */
const WHOLE: Partial<StreamConfig> = {
  retention: "limits",
  storage: "file",
  num_replicas: 1,
  max_age: 0,
  max_bytes: -1,
  // with "old", a full bucket would lose the chunks of whole objects
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

/** An object whose values are texts. */
export function texts(value: unknown): string | undefined {
  const isRecord = record(value) === undefined;
  return isRecord && Object.values(value as object).every((one) => typeof one === "string")
    ? undefined
    : "an object of texts";
}

/**
 * Checks the options of a bucket.
 *
 * @throws {TypeError} naming the first that is unknown or wrong
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

/** What no bucket works without, and what the options name. */
function declaredConfig(names: BucketNames, options: ObjectsOptions): StreamConfig {
  const { description, ttl, maxBytes, storage, replicas, placement, compression, metadata } =
    options;
  return {
    name: names.stream,
    // the infos of some peers have more than one token behind "M"
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
