import type { Bounds } from "../queue.ts";
import { bytes, checkOptions, count, duration, limit, milliseconds, record } from "../options.ts";

/** How one end of a stream or a session behaves; each end has its own options. */
export interface LinkOptions {
  /**
   * How much may be on its way to this side or wait unread before the other side has to wait.
   *
   * @default {{ messages: 1_024, bytes: 1_048_576 }}
   */
  readonly window?: Partial<Bounds>;
  /**
   * How much sent data to keep until the other side acknowledges it, regardless of its window: if a peer acknowledges
   * nothing, `send()` waits. A larger body is sent part by part.
   *
   * @default {{ messages: 1_024, bytes: 1_048_576 }}
   */
  readonly maxUnacknowledged?: Partial<Bounds>;
  /**
   * The largest body to accept, in bytes; a body larger than the server's limit arrives in pieces. @default
   * {67_108_864}
   */
  readonly maxMessage?: number;
  /** Milliseconds of silence after which this side pings the other side. @default {10_000} */
  readonly keepAlive?: number;
  /**
   * Milliseconds that the other side may be unreachable before it counts as gone: long enough for a restart of the
   * server and the reconnect delays of both sides, short enough to notice. With 0 any lost message or short outage ends
   * the link at once.
   *
   * @default {30_000}
   */
  readonly resumeTimeout?: number;
  /**
   * Milliseconds without a message in either direction after which the link ends with the reason `idle`. @default
   * {Infinity}
   */
  readonly idleTimeout?: number;
}

/** The options with their defaults filled in. */
export interface LinkSettings {
  readonly window: Bounds;
  readonly maxUnacknowledged: Bounds;
  readonly maxMessage: number;
  readonly keepAlive: number;
  readonly resumeTimeout: number;
  readonly idleTimeout: number;
}

export const LINK_RULES = {
  window: record,
  maxUnacknowledged: record,
  maxMessage: bytes,
  keepAlive: duration,
  resumeTimeout: milliseconds,
  idleTimeout: limit(duration),
};

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} naming the option of the window that is unknown or wrong
 */
export function linkSettings(action: string, options: LinkOptions): LinkSettings {
  for (const bounds of [options.window, options.maxUnacknowledged]) {
    checkOptions(action, bounds, { messages: count, bytes: count });
  }
  const { maxMessage = 67_108_864, keepAlive = 10_000, resumeTimeout = 30_000 } = options;
  return {
    window: filled(options.window),
    maxUnacknowledged: filled(options.maxUnacknowledged),
    maxMessage,
    keepAlive,
    resumeTimeout,
    idleTimeout: options.idleTimeout ?? Infinity,
  };
}

function filled(bounds: LinkOptions["window"]): Bounds {
  return { messages: bounds?.messages ?? 1_024, bytes: bounds?.bytes ?? 1_048_576 };
}
