import { asMilliseconds, type Duration } from "../duration.ts";
import type { Message, ReceivedMessage } from "../message/message.ts";
import { type Bounds, DEFAULT_BOUNDS, type Overflow } from "../queue.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { type Schema, standardSchema } from "../message/schema.ts";
import type { NextOptions, Reader } from "../reader.ts";
import {
  bytes,
  checkOptions,
  count,
  limit,
  milliseconds,
  oneOf,
  record,
  signal,
} from "../options.ts";

/** Why an inbox ended. */
export type InboxEnd = "max" | "idle" | "cancelled" | "connection" | "overflow";

/**
 * An open private address: its subject cannot be guessed, and a program that has the subject can send to it.
 * `broker.openInbox()` makes one; `String(inbox)` is the subject.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * await using _test = await TestBroker.start(broker);
 * await using inbox = await broker.openInbox({ max: 2 });
 * await broker.publish(inbox.subject, "one");
 * await broker.publish(inbox.subject, "two");
 *
 * const bodies = [];
 * for await (const message of inbox) bodies.push(message.body);
 * assertEquals(bodies, ["one", "two"]);
 * assertEquals(await inbox.closed, "max");
 * ```
 */
export interface Inbox<Body = unknown> extends Reader<Message<Body>, InboxEnd> {
  /** The subject to which others send messages for this inbox. */
  readonly subject: string;

  /**
   * The next message; `undefined` once the inbox has ended and no message waits.
   *
   * @throws {TimeoutError} if no message arrives within `timeout`
   * @throws {DecodeError} if a body with a `schema` does not decode; the inbox stays open
   * @throws {ValidationError} if a body does not fit its `schema`; the inbox stays open
   * @throws the reason of `signal`, if it aborts
   */
  next(options?: NextOptions): Promise<Message<Body> | undefined>;

  /** Ends the inbox with the reason `cancelled`, unless it has ended before, and drops unread messages. */
  close(): Promise<void>;

  /** Reads messages until the inbox has ended; leaving the loop closes the inbox, even while a `next()` waits. */
  [Symbol.asyncIterator](): AsyncIterator<Message<Body>>;

  /** The subject. */
  toString(): string;
}

/** How to open an inbox. */
export interface InboxOptions<Body = unknown> {
  /** Checks and types the bodies. */
  readonly schema?: Schema<Body, unknown>;
  /**
   * Closes after this many messages, not counting dropped ones, with the reason `max`.
   *
   * @default {Infinity}
   */
  readonly max?: number;
  /**
   * Closes after this long without a message, with the reason `idle`.
   *
   * @default {Infinity}
   */
  readonly idleTimeout?: Duration;
  /**
   * Closes the inbox when the signal aborts, with the reason `cancelled`; before the inbox is open, `openInbox` rejects.
   */
  readonly signal?: AbortSignal;
  /**
   * How many messages and bytes may wait unread.
   *
   * @default {65_536 messages, 67_108_864 bytes}
   */
  readonly maxPending?: Partial<Bounds>;
  /**
   * What to do when `maxPending` is exceeded: `"close"` takes no more messages and ends with the reason `overflow` once
   * the program has read the waiting ones; the other values drop one message and keep the inbox open. The inbox counts
   * each loss and emits a `slowConsumer` event.
   *
   * @default {"close"}
   */
  readonly overflow?: Overflow;
}

/** The options with their defaults filled in. */
export interface InboxSettings {
  readonly schema: Schema | undefined;
  readonly max: number;
  readonly idleTimeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly bounds: Bounds;
  readonly overflow: Overflow;
  /** The queue group that shares the messages; a private inbox has no group. */
  readonly queue: string | undefined;
  /** Makes a message of a raw one; by default, a message without parameters. */
  readonly receive: ((packet: RawMessage) => ReceivedMessage) | undefined;
}

const ACTION = "open an inbox";
const RULES = {
  max: limit(count),
  idleTimeout: limit(milliseconds),
  signal,
  maxPending: record,
  overflow: oneOf("close", "drop-oldest", "drop-newest"),
  schema: standardSchema,
};

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 */
export function inboxSettings(options?: InboxOptions): InboxSettings {
  return options === undefined ? USUAL : checked(options);
}

/** All inboxes without options share these settings, to save memory. */
const USUAL = checked({});

function checked(options: InboxOptions): InboxSettings {
  checkOptions(ACTION, options, RULES);
  checkOptions(ACTION, options.maxPending, { messages: count, bytes });
  const { max = Infinity, idleTimeout = Infinity, signal, maxPending, overflow = "close" } =
    options;
  return {
    schema: options.schema,
    max,
    // a timer of Infinity would fire at once
    idleTimeout: idleTimeout === Infinity ? undefined : asMilliseconds(idleTimeout),
    signal,
    bounds: {
      messages: maxPending?.messages ?? DEFAULT_BOUNDS.messages,
      bytes: maxPending?.bytes ?? DEFAULT_BOUNDS.bytes,
    },
    overflow,
    queue: undefined,
    receive: undefined,
  };
}
