import { NANOSECONDS } from "../time.ts";
import type { StoredMessage } from "../message.ts";
import { isPush } from "./config.ts";
import type { ConsumerState } from "./state.ts";

/** The default `inactive_threshold` of a consumer without a durable name, in nanoseconds. */
export const UNSAID_PATIENCE = 5_000_000_000;

/** Waits shorter than this many milliseconds are skipped. */
const LEAST = 1;
/** Bits per byte, and milliseconds per second. */
const BITS = 8;
const SECOND = 1_000;

/** A consumer's delivery pace: unlimited, the original pace of the messages, or a rate in bits per second. */
export class Pace {
  readonly #state: ConsumerState;
  /** Messages up to this sequence replay at their original pace. */
  readonly #replayed: number;
  #lastTime: number | undefined;
  /** When the deliveries so far have used up the rate limit, in milliseconds since 1970. */
  #busyUntil = 0;

  constructor(state: ConsumerState) {
    this.#state = state;
    this.#replayed = state.config.replay_policy === "original" ? state.stream.log.last : 0;
  }

  /** The milliseconds to wait before delivering the message. */
  waitFor({ seq, time }: StoredMessage, size: number): number {
    return Math.max(this.#replay(seq, time), this.#limit(size));
  }

  #replay(seq: number, time: number): number {
    if (seq > this.#replayed) return 0;
    const wait = time - (this.#lastTime ?? time);
    this.#lastTime = time;
    return wait > LEAST ? wait : 0;
  }

  /** A burst up to the largest message passes at once; later messages wait until the rate allows them. */
  #limit(size: number): number {
    const { config: { rate_limit_bps }, stream, context } = this.#state;
    if (rate_limit_bps === 0) return 0;
    const rate = rate_limit_bps / BITS / SECOND;
    const most = stream.config.max_msg_size > 0 ? stream.config.max_msg_size : context.maxPayload;
    const now = context.clock.wallTime();
    const from = Math.max(this.#busyUntil, now - most / rate);
    this.#busyUntil = from + size / rate;
    return Math.max(this.#busyUntil - now, 0);
  }
}

/** The milliseconds of inactivity after which a consumer is deleted; `undefined` means never. */
export function patienceOf({ config, context: { clock } }: ConsumerState): number | undefined {
  const { durable_name, inactive_threshold } = config;
  if (inactive_threshold <= 0) return undefined;
  const threshold = inactive_threshold / NANOSECONDS;
  const isSaid = durable_name !== "" || inactive_threshold !== UNSAID_PATIENCE;
  // nats-server adds a random delay, so that not all consumers expire at once
  return isPush(config) && isSaid ? threshold : threshold + 100 + Math.floor(clock.random() * 900);
}
