import type { Batch } from "./batch.ts";
import type {
  CallLimits,
  ListOptions,
  PurgeOptions,
  PutOptions,
  RemoveOptions,
  WriteOptions,
} from "./call_options.ts";
import type { Changes, ChangesOptions } from "./changes.ts";
import type { Entry, ValueEntry } from "./entry.ts";
import type { Mirror, MirrorOptions } from "./mirror.ts";

/**
 * A bucket of keys and values; {@linkcode kv} makes it.
 *
 * A key is tokens of letters, digits, `-`, `/`, `_` and `=` with dots between them, such as `"eu.tea"`; any other text
 * goes through {@linkcode keyOf}. A _pattern_ is a key with wildcards or named parameters, such as `"eu.*"`, `"eu.>"` or
 * `"{region}.{item}"`.
 *
 * Every method throws `InvalidSubjectError` for a wrong key or pattern, `TypeError` for a wrong option, and
 * `NotFoundError` if there is no such bucket.
 */
export interface Bucket<Output = unknown, Input = Output> {
  /** The name of the bucket. */
  readonly name: string;

  /**
   * The value of a key; `undefined` if it has none. Any server that keeps the bucket answers; behind a replica this may
   * not be the latest one yet.
   *
   * @throws {EntryError} if the value does not decode, or does not fit the schema
   * @throws {TimeoutError}
   */
  get(key: string, options?: CallLimits): Promise<ValueEntry<Output> | undefined>;

  /**
   * What the bucket has of a key: also that it was deleted, purged, or has expired, as long as it has a marker of that;
   * `undefined` if it has nothing.
   *
   * @throws {EntryError} if the value does not decode, or does not fit the schema
   * @throws {TimeoutError}
   */
  entry(key: string, options?: EntryOptions): Promise<Entry<Output> | undefined>;

  /**
   * Puts a value; resolves with its revision once it is stored. In an outage it is sent again, and is stored once.
   *
   * @throws {ValidationError} if the value does not fit the schema
   * @throws {EncodeError} if the value is not text, bytes or JSON
   * @throws {LimitError} if it is larger than the bucket permits, or the bucket is full
   * @throws {PayloadTooLargeError} if it is larger than the server takes
   * @throws {NotStoredError} if it was not sent in time
   * @throws {UnknownOutcomeError} if no answer came in time
   */
  put(key: string, value: Input, options?: PutOptions): Promise<number>;

  /**
   * Puts a value if the key has none; resolves with its revision.
   *
   * @throws {ConflictError} if the key has a value
   * @throws what {@linkcode Bucket.put} throws
   */
  create(key: string, value: Input, options?: PutOptions): Promise<number>;

  /**
   * Puts a value if the key's last revision is this one; resolves with the new revision.
   *
   * @throws {ConflictError} if it is another one
   * @throws what {@linkcode Bucket.put} throws
   */
  update(key: string, value: Input, revision: number, options?: PutOptions): Promise<number>;

  /**
   * Changes a value by what it is: reads it, calls `change` with it, and puts what that gives, and does so again if
   * somebody else has changed it meanwhile. `change` gets `undefined` if there is no value; if it gives `undefined`,
   * nothing is put. It may be async, and runs more than once.
   *
   * @throws {TimeoutError} if others were always faster
   * @throws what `change` throws, and what {@linkcode Bucket.get} and {@linkcode Bucket.put} throw
   */
  change(
    key: string,
    change: (
      value: Output | undefined,
      entry: ValueEntry<Output> | undefined,
    ) => Input | undefined | Promise<Input | undefined>,
    options?: PutOptions,
  ): Promise<{ readonly value: Input; readonly revision: number } | undefined>;

  /**
   * Removes a value, and keeps the earlier ones; resolves with the revision of the removal.
   *
   * @throws {ConflictError} if `revision` is given and is not the last one
   */
  delete(key: string, options?: RemoveOptions): Promise<number>;

  /**
   * Removes a value and the earlier ones; resolves with the revision of the removal.
   *
   * @throws {ConflictError} if `revision` is given and is not the last one
   */
  purge(key: string, options?: PurgeOptions): Promise<number>;

  /**
   * Makes several changes at once, all of them or none; resolves with their revisions, in their order. It takes up to
   * 1 000 keys, each once, and needs the bucket's `batch`. A {@linkcode Mirror} never shows a part of them.
   *
   * @throws {ConflictError} if one of the expected revisions is not the last one
   * @throws {RangeError} for a key that is there twice, and for more than 1 000
   * @throws {JetStreamError} if the bucket has no `batch`
   */
  batch(
    write: (batch: Batch<Input>) => unknown,
    options?: WriteOptions,
  ): Promise<readonly number[]>;

  /** The keys that have a value, in no certain order; ends, or throws if it cannot go on to the end. */
  keys(pattern?: string, options?: ListOptions): AsyncIterableIterator<string>;

  /**
   * All revisions of the keys of a pattern that the bucket still has, in their order; ends, or throws if it cannot go on
   * to the end, or cannot read one of them.
   */
  history(pattern?: string, options?: ListOptions): AsyncIterableIterator<Entry<Output>>;

  /** What changes: a source for a handler, and to be read. {@linkcode Changes} has more. */
  changes<const Text extends string = ">">(
    pattern?: Text,
    options?: ChangesOptions,
  ): Changes<Text, Output>;

  /** The keys and values as a Map that follows the bucket. {@linkcode Mirror} has more. */
  mirror(pattern?: string, options?: MirrorOptions<Output>): Mirror<Output>;

  /** What the server says of the bucket. */
  info(options?: CallLimits): Promise<BucketInfo>;
}

/** How to look up a key. */
export interface EntryOptions extends CallLimits {
  /**
   * Looks up this revision.
   *
   * @default {the last one}
   */
  readonly revision?: number;
}

/** A bucket, as its server describes it. */
export interface BucketInfo {
  /** The name of the bucket. */
  readonly bucket: string;
  /** How many revisions and markers it holds. */
  readonly entries: number;
  /** What they take, in bytes. */
  readonly bytes: number;
  /** How many revisions of each key are kept. */
  readonly history: number;
  /** How long each value is kept, in milliseconds; `undefined` for without end. */
  readonly ttl: number | undefined;
  /** Whether a value may have a time of its own. */
  readonly keyTtl: boolean;
  /** Whether several keys can be changed at once. */
  readonly batch: boolean;
  /** How many servers keep it. */
  readonly replicas: number;
  /** Where they keep it. */
  readonly storage: "file" | "memory";
  /** When it was made. */
  readonly created: Date;
}
