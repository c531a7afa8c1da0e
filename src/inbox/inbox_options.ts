import { type Bounds, DEFAULT_BOUNDS, type Overflow } from "../backlog.ts";
import type { Message } from "../message/message.ts";
import type { Packet } from "../message/packet.ts";
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

/** How to open an inbox. */
export interface InboxOptions {
  /** Closes after this many messages, not counting dropped ones, with the reason `max`. @default {Infinity} */
  readonly max?: number;
  /** Closes after this many milliseconds without a message, with the reason `idle`. @default {Infinity} */
  readonly idleTimeout?: number;
  /**
   * Closes the inbox when the signal aborts, with the reason `aborted`; before the inbox is open, `openInbox` rejects.
   */
  readonly signal?: AbortSignal;
  /** How many messages and bytes may wait unread. @default {{ messages: 65_536, bytes: 67_108_864 }} */
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
  readonly max: number;
  readonly idleTimeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly bounds: Bounds;
  readonly overflow: Overflow;
  /** The queue group that shares the messages; a private inbox has no group. */
  readonly queue: string | undefined;
  /** Makes a message of a packet; by default, a message without parameters. */
  readonly receive: ((packet: Packet) => Message) | undefined;
}

const ACTION = "open an inbox";
const RULES = {
  max: limit(count),
  idleTimeout: limit(milliseconds),
  signal,
  maxPending: record,
  overflow: oneOf("close", "drop-oldest", "drop-newest"),
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
    max,
    // a timer of Infinity would fire at once
    idleTimeout: idleTimeout === Infinity ? undefined : idleTimeout,
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
