import { type Duration, millisecondsOf } from "../duration.ts";
import { checkOptions, count, duration, flag, limit, oneOf, type Rule, text } from "../options.ts";
import { storedTime } from "../jetstream/stream/stored_time.ts";
import { type Schema, standardSchema } from "../door/mod.ts";
import { DECLARE, type Declare } from "../jetstream/stream/declare_stream.ts";

/** How a bucket is held and used. What is not said here is left as it is in a bucket that exists. */
export interface BucketOptions<Output = unknown, Input = Output> {
  /** Checks what is put, and checks and types what is read. */
  readonly schema?: Schema<Output, Input>;
  /**
   * What to do about the bucket at the start of the broker, or before its first use. `"verify"`: it must exist and be as
   * these options say. `"create"`: it is made if it is missing, and else must be as they say. `"update"`: it is made if
   * it is missing, and what they say and differs is changed. `"leave"`: it must exist, and is used as it is.
   *
   * @default {"verify"}
   */
  readonly declare?: Declare;
  /** The JetStream domain. */
  readonly domain?: string;
  /**
   * How many revisions of each key are kept, 64 at most.
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
   * Whether a value may have a time of its own, the `ttl` of `put()`; needs nats-server 2.11. When it has passed, the
   * server keeps a marker for this long, so that changes and `entry()` can tell it: 1 second at least, and `true` stands
   * for one minute. With a history, no value can be shorter than the marker.
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
   * The longest value with its headers, in bytes; `Infinity` for what the server takes.
   *
   * @default {what the server takes}
   */
  readonly maxValueSize?: number;
  /**
   * How many bytes the bucket takes at most, `Infinity` for no limit; a put that does not fit is refused.
   *
   * @default {what the account permits}
   */
  readonly maxBytes?: number;
  /**
   * Where the server keeps it.
   *
   * @default {"file"}
   */
  readonly storage?: "file" | "memory";
  /**
   * How many servers keep it, 5 at most.
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
  /** What it is for, for people. */
  readonly description?: string;
  /** Names and values of the program's own. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Which servers of a cluster keep it. */
  readonly placement?: { readonly cluster?: string; readonly tags?: readonly string[] };
  /** Publishes each change to a subject, too. */
  readonly republish?: {
    /** Which keys' subjects, such as `"$KV.prices.>"`. */
    readonly src: string;
    /** Where to, such as `"prices.{{wildcard(1)}}"` or `"prices.>"`. */
    readonly dest: string;
    /** Whether to leave out the values. */
    readonly headersOnly?: boolean;
  };
  /**
   * Whether the program only reads: what writes throws, and `permissions()` does not ask for it.
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
  /**
   * How long a call may take that names no `timeout`, outages included.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
}

const MOST_REVISIONS = 64;
const MOST_REPLICAS = 5;
/** The server has no shorter time for a marker, in milliseconds. */
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
 * @throws {TypeError} naming the first that is unknown or wrong
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
