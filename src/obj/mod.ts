/**
 * Objects: bytes of any length under names, in the streams of a nats-server.
 *
 * @module
 */
import type { NatsBroker } from "../door/mod.ts";
import type { ObjectsOptions } from "./bucket_options.ts";
import { storeOf } from "./object_store.ts";
import type { Objects } from "./objects.ts";

export type { ChangesEnd } from "../jetstream/changes/change_view.ts";
export type { Duration } from "../duration.ts";
export {
  ConflictError,
  type Difference,
  DifferenceError,
  JetStreamError,
  LimitError,
  NotFoundError,
  type NotFoundKind,
  NotStoredError,
  UnavailableError,
  UnknownOutcomeError,
} from "../jetstream/api/errors.ts";
export type { ObjectBody } from "./body.ts";
export type { ObjectsOptions } from "./bucket_options.ts";
export type {
  AnyChange,
  ObjectChange,
  ObjectChanged,
  ObjectChangeKind,
  ObjectChangeMessage,
  ObjectChangeReader,
  ObjectChanges,
  ObjectChangesOptions,
  ObjectDeletion,
  ObjectPut,
} from "./changes.ts";
export type { CollectOptions } from "./collect.ts";
export { ObjectError, type ObjectFault } from "./errors.ts";
export type { GetOptions, StoredObject } from "./get.ts";
export type { LinkTarget } from "./links.ts";
export type { ObjectInfo, ObjectLink } from "./object_info.ts";
export type { Objects } from "./objects.ts";
export type { PutOptions } from "./put_options.ts";
export type { ObjectRange, Part } from "./range.ts";

/**
 * A bucket of objects. It does no I/O: the broker's start declares the bucket. The same broker gives the same bucket for
 * the same name and domain, and then the options may be left out.
 *
 * @throws {TypeError} for a name that a bucket cannot have, and for options that are wrong or not those of before
 */
export function objects(broker: NatsBroker, name: string, options?: ObjectsOptions): Objects {
  return storeOf(broker, name, options);
}
