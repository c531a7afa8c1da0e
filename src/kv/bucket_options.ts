import { type Duration, millisecondsOf } from "../duration.ts";
import { checkOptions, count, duration, flag, limit, oneOf, type Rule, text } from "../options.ts";
import { storedTime } from "../jetstream/stream/stored_time.ts";
import { type Schema, standardSchema } from "../door/mod.ts";
import { DECLARE, type Declare } from "../jetstream/stream/declare_stream.ts";

/** How a bucket is configured and used. Fields left out stay unchanged in an existing bucket. */
export interface BucketOptions<Output = unknown, Input = Output> {
  /** Validates values before they are put; validates and types values that are read. */
  readonly schema?: Schema<Output, Input>;
  /**
   * What happens with the bucket when the broker starts, or before the bucket's first use. `"verify"`: rejects if it is
   * missing or differs from these options. `"create"`: creates it if missing, rejects if it differs. `"update"`:
   * creates it if missing, changes fields that differ. `"leave"`: uses it unchanged, rejects if it is missing.
   *
   * @default {"verify"}
   */
  readonly declare?: Declare;
  /** The JetStream domain. */
  readonly domain?: string;
  /**
   * The number of revisions kept per key, 64 at most.
   *
   * @default {1}
   */
  readonly history?: number;
  /**
   * How long each value is kept.
   *
   * @default {without end}
   */
  readonly ttl?: Duration;
  /**
   * Whether values may have their own TTL, the `ttl` of `put()`; needs nats-server 2.11. When a value expires, the
   * server keeps a marker for this duration, so that changes and `entry()` report the expiry: at least 1 second; `true`
   * means one minute. In a bucket with a history, the TTL of a value must not be shorter than that of the marker.
   *
   * @default {false}
   */
  readonly keyTtl?: boolean | Duration;
  /**
   * Whether `batch()` may be used; needs nats-server 2.12.
   *
   * @default {false}
   */
  readonly batch?: boolean;
  /**
   * The size limit of a value with its headers, in bytes; `Infinity` means the server's limit.
   *
   * @default {what the server takes}
   */
  readonly maxValueSize?: number;
  /**
   * The size limit of the bucket in bytes, `Infinity` for no limit; a put that exceeds it is rejected.
   *
   * @default {what the account permits}
   */
  readonly maxBytes?: number;
  /**
   * The storage type.
   *
   * @default {"file"}
   */
  readonly storage?: "file" | "memory";
  /**
   * The number of servers that store the bucket, 5 at most.
   *
   * @default {1}
   */
  readonly replicas?: number;
  /**
   * Whether the server compresses what it stores.
   *
   * @default {false}
   */
  readonly compression?: boolean;
  /** A human-readable description. */
  readonly description?: string;
  /** Custom metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Where a cluster places the bucket. */
  readonly placement?: { readonly cluster?: string; readonly tags?: readonly string[] };
  /** Republishes each change to another subject. */
  readonly republish?: {
    /** The subjects of the keys to republish, such as `"$KV.prices.>"`. */
    readonly src: string;
    /** The subjects to publish to, such as `"prices.{{wildcard(1)}}"` or `"prices.>"`. */
    readonly dest: string;
    /** Whether to omit the values. */
    readonly headersOnly?: boolean;
  };
  /**
   * Whether this program only reads: writing methods throw, and `permissions()` omits what they need.
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
  /**
   * The default timeout of a call, outages included.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
}

const MOST_REVISIONS = 64;
const MOST_REPLICAS = 5;
/** The server's minimum TTL of a marker, in milliseconds. */
const SHORTEST_MARKER = 1_000;

const RULES: Readonly<Record<keyof BucketOptions, Rule>> = {
  schema: standardSchema,
  declare: oneOf(...DECLARE),
  domain: text,
  history: upTo(MOST_REVISIONS),
  ttl: storedTime(100),
  keyTtl: (value) =>
    typeof value === "boolean" || (millisecondsOf(value) ?? 0) >= SHORTEST_MARKER
      ? undefined
      : 'true, false, or a duration of "1s" or more',
  batch: flag,
  maxValueSize: limit(count),
  maxBytes: limit(count),
  storage: oneOf("file", "memory"),
  replicas: upTo(MOST_REPLICAS),
  compression: flag,
  description: text,
  metadata: (value) =>
    isRecord(value) && Object.values(value).every((one) => typeof one === "string")
      ? undefined
      : "an object of text",
  placement: recordOf({ cluster: text, tags: texts }),
  republish: recordOf({ src: text, dest: text, headersOnly: flag }),
  readOnly: flag,
  timeout: duration,
};

/**
 * Checks every option.
 *
 * @throws {TypeError} naming the first option that is unknown or invalid
 */
export function checkBucketOptions(action: string, options: unknown): void {
  checkOptions(action, options, RULES);
  const { republish } = (options ?? {}) as BucketOptions;
  if (!republish || (republish.src !== undefined && republish.dest !== undefined)) return;
  throw new TypeError(`Cannot ${action} as "republish" must have "src" and "dest": one is missing`);
}

function upTo(most: number): Rule {
  return (value) =>
    count(value) === undefined && (value as number) <= most
      ? undefined
      : `a whole number from 1 to ${most}`;
}

function texts(value: unknown): string | undefined {
  return Array.isArray(value) && value.every((one) => text(one) === undefined)
    ? undefined
    : "a list of text";
}

function recordOf(rules: Readonly<Record<string, Rule>>): Rule {
  return (value) => {
    if (!isRecord(value)) return "an object";
    const wrong = Object.entries(value)
      .find(([name, one]) =>
        !Object.hasOwn(rules, name) || (one !== undefined && rules[name]!(one))
      );
    return wrong && `an object of ${Object.keys(rules).join(", ")}, each as documented`;
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
