import type { AnyParams, Message, Params, Source } from "../door/mod.ts";
import type { Reader } from "../reader.ts";
import type { ChangesEnd } from "../jetstream/changes/change_view.ts";
import type { RemovalEntry, ValueEntry } from "./entry.ts";
import type { ListOptions } from "./call_options.ts";

/** A change of a key. */
export type Change<Value = unknown> =
  & (ValueEntry<Value> | RemovalEntry)
  & {
    /** Whether the change is part of the initial state, rather than made since. */
    readonly isInitial: boolean;
  };

/** The fields that a change adds to its message. */
export interface Changed<Value = unknown> {
  /** The change. */
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
  /** The key pattern. */
  readonly pattern: Text;
  /** The fields that each message has in addition. */
  readonly besides: Changed<Value>;
  /** Handlers receive one message at a time. */
  readonly batch: false;
}

/**
 * The changes of a bucket: a source for `broker.subscriber()`, or to iterate over. First comes the initial state, one
 * change per key; then further changes, in the order of their revisions. Over an outage or a server restart nothing is
 * repeated, and nothing is skipped but changes that a later change of the same key has replaced. A value that cannot be
 * read emits an `error` event with an {@linkcode EntryError}; the changes go on.
 *
 * A handler processes the changes of one key one by one, and those of different keys concurrently. If it throws, an
 * `error` event is emitted, and the change is not redelivered.
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
   * Starts reading; once it resolves, the reader receives every further change.
   *
   * @throws {NotFoundError} if there is no such bucket
   * @throws {ConnectionError} if the broker is not connected
   */
  open(options?: ListOptions): Promise<ChangeReader<Value, Params<Text>>>;

  /** Iterates over the changes; leaving the loop stops reading. */
  [Symbol.asyncIterator](): AsyncIterator<ChangeMessage<Value, Params<Text>>>;
}

/** Reads the changes of a bucket, with backpressure. */
export interface ChangeReader<Value = unknown, Values = AnyParams>
  extends Reader<ChangeMessage<Value, Values>, ChangesEnd> {
  /**
   * Resolves with `true` once the program has read the initial state: immediately if the bucket has no matching key.
   * Resolves with `false` if the reader ends first.
   */
  readonly initial: Promise<boolean>;

  /** Stops reading, and drops unread changes. */
  close(): Promise<void>;
}

/** Options for following changes. */
export interface ChangesOptions {
  /**
   * Whether to skip the initial state.
   *
   * @default {false}
   */
  readonly updatesOnly?: boolean;
  /**
   * Whether the initial state includes all revisions, not only the last one of each key.
   *
   * @default {false}
   */
  readonly history?: boolean;
  /** A revision, such as the last one that the program has seen: only later changes are reported. */
  readonly after?: number;
  /** Called in each broker with a handler, once it has handled the initial state: immediately if there is none. */
  readonly onInitial?: () => void;
}
