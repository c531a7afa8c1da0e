import type { Duration } from "../duration.ts";

/**
 * The delays before attempts to reconnect: each is random, from 0 up to a limit that doubles. There are at most ten
 * attempts within five times `minDelay`, and the limit starts anew once a connection has lasted for `maxDelay`.
 */
export interface ReconnectOptions {
  /**
   * The longest first delay; it doubles with every attempt.
   *
   * @default {2_000}
   */
  readonly minDelay?: Duration;
  /**
   * Where the doubling ends.
   *
   * @default {8_000}
   */
  readonly maxDelay?: Duration;
}
