import type { AnyParams, Message, Params, Source } from "../door/mod.ts";
import type { Reader } from "../reader.ts";
import type { ChangesEnd } from "../jetstream/changes/change_view.ts";
import type { RemovalEntry, ValueEntry } from "./entry.ts";
import type { ListOptions } from "./call_options.ts";

/** What happened to a key. */
export type Change<Value = unknown> =
  & (ValueEntry<Value> | RemovalEntry)
  & {
    /** Whether it was there when the changes began: the state, and no news. */
    readonly isInitial: boolean;
  };

/** What a change adds to its message. */
export interface Changed<Value = unknown> {
  /** What happened. */
  readonly change: Change<Value>;
  /** The value; `undefined` for a removal. */
  readonly body: Value | undefined;
}

/** A change as a message, with the parameters of its key. */
export type ChangeMessage<Value = unknown, Values = AnyParams> =
  & Message<unknown, Values>
  & Changed<Value>;

/** The kind of the source of changes, for the compiler. */
export interface ChangeKind<Text extends string, Value> {
  /** The pattern of the keys. */
  readonly pattern: Text;
  /** What each message has besides. */
  readonly besides: Changed<Value>;
  /** One message at a time. */
  readonly batch: false;
}

/**
 * The changes of a bucket: a source for `broker.subscriber()`, and to be read. First comes what is there, one change for
 * each key, and then what changes, in the order of the revisions. A restart of the server and an outage leave out and
 * repeat nothing but the earlier ones of several changes of one key. A value that cannot be read is an `error` event, an
 * {@linkcode EntryError}, and the changes go on.
 *
 * A handler gets the changes of one key one after the other, and those of different keys side by side. If it throws,
 * that is an `error` event, and the change does not come again.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { kv } from "@signalbox/nats/kv";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * const prices = kv<number>(broker, "prices", { declare: "create" });
 * await using _test = await TestBroker.start(broker);
 * await prices.put("eu.tea", 4);
 *
 * await using reader = await prices.changes("{region}.tea").open();
 * const first = await reader.next();
 * assertEquals([first?.params.region, first?.change.value, first?.change.isInitial], ["eu", 4, true]);
 * assertEquals(await reader.initial, true); // all that was there has been read
 * await prices.delete("eu.tea");
 * for await (const { change } of reader) {
 *   assertEquals([change.key, change.kind], ["eu.tea", "delete"]);
 *   break;
 * }
 * ```
 */
export interface Changes<Text extends string = string, Value = unknown>
  extends Source<ChangeKind<Text, Value>>, AsyncIterable<ChangeMessage<Value, Params<Text>>> {
  /**
   * Begins to read; once it resolves, the reader gets every change.
   *
   * @throws {NotFoundError} if there is no such bucket
   * @throws {ConnectionError} if the broker is not connected
   */
  open(options?: ListOptions): Promise<ChangeReader<Value, Params<Text>>>;

  /** Reads the changes; leaving the loop ends the reading. */
  [Symbol.asyncIterator](): AsyncIterator<ChangeMessage<Value, Params<Text>>>;
}

/** Reads the changes of a bucket, no faster than the program does. */
export interface ChangeReader<Value = unknown, Values = AnyParams>
  extends Reader<ChangeMessage<Value, Values>, ChangesEnd> {
  /**
   * Resolves with `true` once the program has read all that was there at the beginning: at once if there was nothing.
   * Resolves with `false` if the reader has ended before.
   */
  readonly initial: Promise<boolean>;

  /** Ends the reading, and drops what was not read. */
  close(): Promise<void>;
}

/** Which changes, and how. */
export interface ChangesOptions {
  /**
   * Whether only what changes from now on is told, and not what is there.
   *
   * @default {false}
   */
  readonly updatesOnly?: boolean;
  /**
   * Whether all revisions come first that are there, and not only the last one of each key.
   *
   * @default {false}
   */
  readonly history?: boolean;
  /** A revision, such as the last one that the program has seen: only what came after it is told. */
  readonly after?: number;
  /** Called in each broker that has a handler, once it has handled all that was there: at once if there was nothing. */
  readonly onInitial?: () => void;
}
