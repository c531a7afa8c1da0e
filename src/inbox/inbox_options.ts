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

/** How an inbox is opened. */
export interface InboxOptions {
  /** Closes after this many messages, none of them dropped, with the reason `max`. @default {Infinity} */
  readonly max?: number;
  /** Closes when no message came for this many milliseconds, with the reason `idle`. @default {Infinity} */
  readonly idleTimeout?: number;
  /** Closes when it aborts, with the reason `aborted`; before the inbox is open, `openInbox` rejects. */
  readonly signal?: AbortSignal;
  /** How much may wait to be read. @default {{ messages: 65_536, bytes: 67_108_864 }} */
  readonly maxPending?: Partial<Bounds>;
  /**
   * What happens when more than that waits: `"close"` ends with the reason `overflow` once what waits has been
   * read, the others drop a message and go on. Each loss is counted and told as a `slowConsumer` event.
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
  /** The queue group that shares what comes; a private inbox has none. */
  readonly queue: string | undefined;
  /** Makes a message of what came; without, it is one without parameters. */
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

/** One for all inboxes without options, as an open inbox is to take up little. */
const USUAL = checked({});

function checked(options: InboxOptions): InboxSettings {
  checkOptions(ACTION, options, RULES);
  checkOptions(ACTION, options.maxPending, { messages: count, bytes });
  const { max = Infinity, idleTimeout = Infinity, signal, maxPending, overflow = "close" } =
    options;
  return {
    max,
    // a timer of Infinity would end at once
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
