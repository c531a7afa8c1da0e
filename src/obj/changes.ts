import type { AnyParams, BrokerAccess, Message, Source } from "../door/mod.ts";
import type { Reader } from "../reader.ts";
import { changesOf } from "../jetstream/changes/change_values.ts";
import {
  type ChangesEnd,
  type ChangeView,
  checkChangesOptions,
} from "../jetstream/changes/change_view.ts";
import type { Bucket } from "./bucket.ts";
import type { Entry, ObjectInfo } from "./object_info.ts";

/** The field that every change has. */
export interface AnyChange {
  /** Whether the change is part of the initial state, rather than made since. */
  readonly isInitial: boolean;
}

/** An object or a link was put. */
export interface ObjectPut extends ObjectInfo, AnyChange {
  /** What happened. */
  readonly kind: "put";
}

/** An object or a link was deleted. */
export interface ObjectDeletion extends AnyChange {
  /** What happened. */
  readonly kind: "delete";
  /** The name of the object or link. */
  readonly name: string;
  /** The sequence of the deletion in the bucket. */
  readonly revision: number;
  /** When it was deleted, by the server's clock. */
  readonly time: Date;
  /** A deletion has no size. */
  readonly size?: undefined;
}

/** A change of an object. */
export type ObjectChange = ObjectPut | ObjectDeletion;

/** The fields that a change adds to its message. */
export interface ObjectChanged {
  /** The change. */
  readonly change: ObjectChange;
  /** The object's info after a put; `undefined` after a deletion. */
  readonly body: ObjectInfo | undefined;
}

/** A change as a message. */
export type ObjectChangeMessage = Message<unknown, AnyParams> & ObjectChanged;

/** The kind of the source of changes, for the compiler. */
export interface ObjectChangeKind {
  /** Object names are arbitrary text, without parameters. */
  readonly pattern: string;
  /** The fields that each message has in addition. */
  readonly besides: ObjectChanged;
  /** Handlers receive one message at a time. */
  readonly batch: false;
}

/**
 * The changes of a bucket: a source for `broker.subscriber()`, or to iterate over. First comes the initial state, one
 * change per name; then further changes, in order. Over an outage or a server restart nothing is repeated, and nothing
 * is skipped but changes that a later change of the same name has replaced. An info that cannot be read emits an
 * `error` event with an `ObjectError`; the changes go on.
 *
 * A handler processes the changes of one name one by one, and those of different names concurrently. If it throws, an
 * `error` event is emitted, and the change is not redelivered.
 */
export interface ObjectChanges
  extends Source<ObjectChangeKind>, AsyncIterable<ObjectChangeMessage> {
  /**
   * Starts reading; once it resolves, the reader receives every further change. `signal` ends the reader.
   *
   * @throws {NotFoundError} if there is no such bucket
   * @throws {ConnectionError} if the broker is not connected
   */
  open(options?: { readonly signal?: AbortSignal }): Promise<ObjectChangeReader>;

  /** Iterates over the changes; leaving the loop stops reading. */
  [Symbol.asyncIterator](): AsyncIterator<ObjectChangeMessage>;
}

/** Reads the changes of a bucket, with backpressure. */
export interface ObjectChangeReader extends Reader<ObjectChangeMessage, ChangesEnd> {
  /**
   * Resolves with `true` once the program has read the initial state: immediately if the bucket is empty. Resolves with
   * `false` if the reader ends first.
   */
  readonly initial: Promise<boolean>;

  /** Stops reading, and drops unread changes. */
  close(): Promise<void>;
}

/** Options for following changes. */
export interface ObjectChangesOptions {
  /**
   * Whether to skip the initial state.
   *
   * @default {false}
   */
  readonly updatesOnly?: boolean;
  /** A revision, such as the last one that the program has seen: only later changes are reported. */
  readonly after?: number;
  /** Called in each broker with a handler, once it has handled the initial state: immediately if there is none. */
  readonly onInitial?: () => void;
}

const OPTIONS = ["updatesOnly", "after", "onInitial"];

/**
 * Makes a source of a bucket's changes, which can also be iterated over.
 *
 * @throws {TypeError} naming the invalid option
 */
export function makeChanges(
  bucket: Bucket,
  on: (access: BrokerAccess) => Bucket,
  options: ObjectChangesOptions,
): ObjectChanges {
  const { names } = bucket;
  checkChangesOptions(`follow the changes of the bucket "${names.bucket}"`, options, OPTIONS);
  const made = changesOf(bucket.api.access, {
    name: `objects ${names.bucket}`,
    needs: { publish: bucket.watchNeeds },
    description: { bucket: names.bucket },
    view: viewOf(names.allInfos),
    options: { ...options },
    on,
  });
  return made as unknown as ObjectChanges;
}

function viewOf(subject: string): ChangeView<Entry> {
  return {
    filter: subject,
    pattern: subject,
    keyOf: ({ info: { name } }) => name,
    given: ({ entry: { info, isDeleted }, isInitial }) => {
      const { name, revision, time } = info;
      const change: ObjectChange = isDeleted
        ? { kind: "delete", name, revision, time, isInitial }
        : { ...info, kind: "put", isInitial };
      return { decoded: { body: isDeleted ? undefined : info }, besides: { change } };
    },
  };
}
