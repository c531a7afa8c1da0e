/**
 * Buckets of keys and values.
 *
 * @module
 */
export { kv } from "./kv.ts";
export { keyOf, paramsOf } from "./keys.ts";
export { EntryError } from "./entry.ts";
export {
  ConflictError,
  DifferenceError,
  JetStreamError,
  LimitError,
  NoStreamError,
  NotFoundError,
  NotStoredError,
  UnavailableError,
  UnknownOutcomeError,
} from "../jetstream/api/errors.ts";

export type { Difference, NotFoundKind } from "../jetstream/api/errors.ts";
export type { Declare } from "../jetstream/stream/declare_stream.ts";
export type { Batch, BatchPurgeOptions, BatchPutOptions, BatchRemoveOptions } from "./batch.ts";
export type { Bucket, BucketInfo, EntryOptions } from "./bucket.ts";
export type { BucketOptions } from "./bucket_options.ts";
export type { ChangesEnd } from "../jetstream/changes/change_view.ts";
export type {
  CallLimits,
  ListOptions,
  PurgeOptions,
  PutOptions,
  RemoveOptions,
  WriteOptions,
} from "./call_options.ts";
export type {
  Change,
  Changed,
  ChangeKind,
  ChangeMessage,
  ChangeReader,
  Changes,
  ChangesOptions,
} from "./changes.ts";
export type { Entry, RemovalEntry, ValueEntry } from "./entry.ts";
export type { Mirror, MirrorOptions } from "./mirror.ts";
