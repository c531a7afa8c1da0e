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
 * A key consists of tokens of letters, digits, `-`, `/`, `_` and `=`, separated by dots, such as `"eu.tea"`; {@linkcode
 * keyOf} encodes any other text. A _pattern_ is a key with wildcards or named parameters, such as `"eu.*"`, `"eu.>"` or
 * `"{region}.{item}"`.
 *
 * Every method throws `InvalidSubjectError` for an invalid key or pattern, `TypeError` for an invalid option, and
 * `NotFoundError` if the bucket does not exist.
 */
export interface Bucket<Output = unknown, Input = Output> {
  /** The name of the bucket. */
  readonly name: string;

  /**
   * The value of a key; `undefined` if it has none. Any replica may answer, so the value may not be the latest one.
   *
   * @throws {EntryError} if the value does not decode, or does not fit the schema
   * @throws {TimeoutError}
   */
  get(key: string, options?: CallLimits): Promise<ValueEntry<Output> | undefined>;

  /**
   * The last entry of a key: its value, or the marker of a deletion, a purge or an expiry, as long as the bucket keeps
   * the marker; `undefined` if the bucket has neither.
   *
   * @throws {EntryError} if the value does not decode, or does not fit the schema
   * @throws {TimeoutError}
   */
  entry(key: string, options?: EntryOptions): Promise<Entry<Output> | undefined>;

  /**
   * Puts a value; resolves with its revision once it is stored. It is retried over an outage, and stored only once.
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
   * @throws {ConflictError} if the key already has a value
   * @throws what {@linkcode Bucket.put} throws
   */
  create(key: string, value: Input, options?: PutOptions): Promise<number>;

  /**
   * Puts a value if `revision` is the key's last revision; resolves with the new revision.
   *
   * @throws {ConflictError} if the key has another last revision
   * @throws what {@linkcode Bucket.put} throws
   */
  update(key: string, value: Input, revision: number, options?: PutOptions): Promise<number>;

  /**
   * Reads a value, calls `change` with it, and puts the result; repeats this if another client has changed the value
   * meanwhile. `change` receives `undefined` if there is no value; if it returns `undefined`, nothing is put. It may be
   * async, and can run more than once. The result is put once, even if the server restarts before it has answered: the
   * header `Signalbox-Changes` of each value names those who have changed it by `change()` in the last five minutes, 64 at
   * most.
   *
   * @throws {TimeoutError} if every attempt until the timeout conflicted with another client
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
   * Removes a value, and keeps its earlier revisions; resolves with the revision of the removal.
   *
   * @throws {ConflictError} if `revision` is given and is not the key's last one
   */
  delete(key: string, options?: RemoveOptions): Promise<number>;

  /**
   * Removes a value and its earlier revisions; resolves with the revision of the removal.
   *
   * @throws {ConflictError} if `revision` is given and is not the key's last one
   */
  purge(key: string, options?: PurgeOptions): Promise<number>;

  /**
   * Makes several changes atomically; resolves with their revisions, in order. A batch changes up to 1 000 keys, each
   * of them once, and needs the bucket's `batch` option. A {@linkcode Mirror} never shows a part of a batch.
   *
   * @throws {ConflictError} if a key has another last revision than expected
   * @throws {RangeError} for a duplicate key, and for more than 1 000 keys
   * @throws {JetStreamError} if the bucket has no `batch`
   */
  batch(
    write: (batch: Batch<Input>) => unknown,
    options?: WriteOptions,
  ): Promise<readonly number[]>;

  /**
   * Iterates over the keys that have a value, in no particular order; ends with the last one, or throws if it cannot
   * complete.
   */
  keys(pattern?: string, options?: ListOptions): AsyncIterableIterator<string>;

  /**
   * Iterates over all revisions that the bucket still has of the matching keys, in order; ends with the last one, or
   * throws if it cannot complete or cannot read a revision.
   */
  history(pattern?: string, options?: ListOptions): AsyncIterableIterator<Entry<Output>>;

  /** The changes of the matching keys: a source for a handler, or to iterate over. See {@linkcode Changes}. */
  changes<const Text extends string = ">">(
    pattern?: Text,
    options?: ChangesOptions,
  ): Changes<Text, Output>;

  /** The keys and values as a live Map. See {@linkcode Mirror}. */
  mirror(pattern?: string, options?: MirrorOptions<Output>): Mirror<Output>;

  /** Asks the server for the state and configuration of the bucket. */
  info(options?: CallLimits): Promise<BucketInfo>;
}

/** How to look up a key. */
export interface EntryOptions extends CallLimits {
  /**
   * The revision to look up.
   *
   * @default {the last one}
   */
  readonly revision?: number;
}

/** State and configuration of a bucket. */
export interface BucketInfo {
  /** The name of the bucket. */
  readonly bucket: string;
  /** The number of revisions and markers in the bucket. */
  readonly entries: number;
  /** The size of the bucket in bytes. */
  readonly bytes: number;
  /** The number of revisions kept per key. */
  readonly history: number;
  /** How long values are kept, in milliseconds; `undefined` if forever. */
  readonly ttl: number | undefined;
  /** Whether single values may have their own `ttl`. */
  readonly keyTtl: boolean;
  /** Whether `batch()` can be used. */
  readonly batch: boolean;
  /** The number of servers that store the bucket. */
  readonly replicas: number;
  /** The storage type. */
  readonly storage: "file" | "memory";
  /** When the bucket was created. */
  readonly created: Date;
}
