import type { Bounds } from "../backlog.ts";
import { bytes, checkOptions, count, duration, limit, milliseconds, record } from "../options.ts";

/** How either end of a stream or a session behaves; both ends have their own. */
export interface LinkOptions {
  /**
   * How much may be on its way to us or wait to be read, before the other side has to wait.
   *
   * @default {{ messages: 1_024, bytes: 1_048_576 }}
   */
  readonly window?: Partial<Bounds>;
  /**
   * How much that was sent may be kept for the other side to acknowledge, whatever window it gives: a peer that takes
   * everything and acknowledges nothing makes `send()` wait. A body that is larger is sent part by part.
   *
   * @default {{ messages: 1_024, bytes: 1_048_576 }}
   */
  readonly maxUnacknowledged?: Partial<Bounds>;
  /** The largest body that is taken, in bytes; one larger than the server takes comes in pieces. @default {67_108_864} */
  readonly maxMessage?: number;
  /** Milliseconds of silence after which the other side is asked for a sign of life. @default {10_000} */
  readonly keepAlive?: number;
  /**
   * Milliseconds that the other side may be out of reach before it counts as gone: long enough for a server to restart
   * and for both sides' delays between attempts to connect, short enough to notice. With 0 whatever is lost, or out of
   * reach for a moment, ends it at once.
   *
   * @default {30_000}
   */
  readonly resumeTimeout?: number;
  /** Milliseconds without a message in either direction after which it ends with the reason `idle`. @default {Infinity} */
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
