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

/** What each change tells besides what happened. */
export interface AnyChange {
  /** Whether it was there when the changes began: the state, and no news. */
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
  /** The name that it had. */
  readonly name: string;
  /** The sequence of the deletion in the bucket. */
  readonly revision: number;
  /** When it was deleted, by the server's clock. */
  readonly time: Date;
  /** It has none. */
  readonly size?: undefined;
}

/** What happened to an object. */
export type ObjectChange = ObjectPut | ObjectDeletion;

/** What a change adds to its message. */
export interface ObjectChanged {
  /** What happened. */
  readonly change: ObjectChange;
  /** The same for an object that was put; `undefined` for one that was deleted. */
  readonly body: ObjectInfo | undefined;
}

/** A change as a message. */
export type ObjectChangeMessage = Message<unknown, AnyParams> & ObjectChanged;

/** The kind of the source of changes, for the compiler. */
export interface ObjectChangeKind {
  /** A name is any text, and no part of a pattern. */
  readonly pattern: string;
  /** What each message has besides. */
  readonly besides: ObjectChanged;
  /** One message at a time. */
  readonly batch: false;
}

/**
 * The changes of a bucket: a source for `broker.subscriber()`, and to be read. First comes what is there, one change for
 * each name, and then what changes, in order. A restart of the server and an outage leave out and repeat nothing but the
 * earlier ones of several changes of one name. An info that cannot be read is an `error` event, an `ObjectError`, and the
 * changes go on.
 *
 * A handler gets the changes of one name one after the other, and those of different names side by side. If it throws,
 * that is an `error` event, and the change does not come again.
 */
export interface ObjectChanges
  extends Source<ObjectChangeKind>, AsyncIterable<ObjectChangeMessage> {
  /**
   * Begins to read; once it resolves, the reader gets every change. `signal` ends the reader.
   *
   * @throws {NotFoundError} if there is no such bucket
   * @throws {ConnectionError} if the broker is not connected
   */
  open(options?: { readonly signal?: AbortSignal }): Promise<ObjectChangeReader>;

  /** Reads the changes; leaving the loop ends the reading. */
  [Symbol.asyncIterator](): AsyncIterator<ObjectChangeMessage>;
}

/** Reads the changes of a bucket, no faster than the program does. */
export interface ObjectChangeReader extends Reader<ObjectChangeMessage, ChangesEnd> {
  /**
   * Resolves with `true` once the program has read all that was there at the beginning: at once if there was nothing.
   * Resolves with `false` if the reader has ended before.
   */
  readonly initial: Promise<boolean>;

  /** Ends the reading, and drops what was not read. */
  close(): Promise<void>;
}

/** Which changes, and how. */
export interface ObjectChangesOptions {
  /**
   * Whether only what changes from now on is told, and not what is there.
   *
   * @default {false}
   */
  readonly updatesOnly?: boolean;
  /** A revision, such as the last one that the program has seen: only what came after it is told. */
  readonly after?: number;
  /** Called in each broker that has a handler, once it has handled all that was there: at once if there was nothing. */
  readonly onInitial?: () => void;
}

const OPTIONS = ["updatesOnly", "after", "onInitial"];

/**
 * Makes a source of the changes of a bucket, which its own broker can read, too.
 *
 * @throws {TypeError} naming the option that is wrong
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
