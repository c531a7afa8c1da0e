import { NANOSECONDS } from "../time.ts";
import type { StoredMessage } from "../message.ts";
import { isPush } from "./config.ts";
import type { ConsumerState } from "./state.ts";

/** How long a consumer without a durable name may be unused where nothing is said of it, in nanoseconds. */
export const UNSAID_PATIENCE = 5_000_000_000;

/** Shorter waits are none. */
const LEAST = 1;
/** Bits in a byte, and milliseconds in a second. */
const BITS = 8;
const SECOND = 1_000;

/** How fast a consumer delivers: as fast as it can, in the rhythm in which messages came, or so many bits a second. */
export class Pace {
  readonly #state: ConsumerState;
  /** Messages up to here are delivered in the rhythm in which they came. */
  readonly #replayed: number;
  #lastTime: number | undefined;
  /** Until when what was delivered takes, at the rate that there may be, in milliseconds since 1970. */
  #busyUntil = 0;

  constructor(state: ConsumerState) {
    this.#state = state;
    this.#replayed = state.config.replay_policy === "original" ? state.stream.log.last : 0;
  }

  /** How long the message has to wait, in milliseconds. */
  waitFor({ seq, time }: StoredMessage, size: number): number {
    return Math.max(this.#replay(seq, time), this.#limit(size));
  }

  #replay(seq: number, time: number): number {
    if (seq > this.#replayed) return 0;
    const wait = time - (this.#lastTime ?? time);
    this.#lastTime = time;
    return wait > LEAST ? wait : 0;
  }

  /** A message as large as there may be goes at once; what comes after waits until there is room again. */
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

/** How long nothing may happen to a consumer before it is deleted, in milliseconds; `undefined` is for ever. */
export function patienceOf({ config, context: { clock } }: ConsumerState): number | undefined {
  const { durable_name, inactive_threshold } = config;
  if (inactive_threshold <= 0) return undefined;
  const threshold = inactive_threshold / NANOSECONDS;
  const isSaid = durable_name !== "" || inactive_threshold !== UNSAID_PATIENCE;
  // the server waits a little longer, so that not all end at once
  return isPush(config) && isSaid ? threshold : threshold + 100 + Math.floor(clock.random() * 900);
}
