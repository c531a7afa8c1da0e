import { Alarm } from "../alarm.ts";
import { isPush } from "./config.ts";
import { patienceOf } from "./pace.ts";
import type { Pulls } from "./pulls.ts";
import type { Push } from "./push.ts";
import type { AckWait } from "./ack_wait.ts";
import type { ConsumerState } from "./state.ts";

/** Deletes a consumer that no client uses: none is subscribed, pulls or acknowledges. */
export class Inactivity {
  readonly #state: ConsumerState;
  readonly #pulls: Pulls;
  readonly #push: Push;
  readonly #ackWait: AckWait;
  readonly #alarm: Alarm;
  #patience: number | undefined;

  /** `end` deletes the consumer. */
  constructor(
    state: ConsumerState,
    pulls: Pulls,
    push: Push,
    ackWait: AckWait,
    end: () => void,
  ) {
    this.#state = state;
    this.#pulls = pulls;
    this.#push = push;
    this.#ackWait = ackWait;
    this.#alarm = new Alarm(state.context.clock, () => {
      const left = this.#left();
      if (left === undefined) end();
      else if (left > 0) this.#alarm.set(this.#now + left);
    });
  }

  /** Starts to watch for inactivity, by the current configuration. */
  start(): void {
    this.#patience = patienceOf(this.#state);
    this.watch();
  }

  /** Reacts to a change of the subscriptions. */
  watch(): void {
    const waits = this.#patience !== undefined && !this.#push.isActive;
    this.#alarm.set(waits ? this.#now + this.#patience! : undefined);
  }

  /** Notes an acknowledgement. */
  note(): void {
    if (this.#patience === undefined) return;
    this.#pulls.lastActive = this.#now;
    this.watch();
  }

  stop(): void {
    this.#alarm.stop();
  }

  get #now(): number {
    return this.#state.context.clock.wallTime();
  }

  /** The milliseconds left before the consumer expires: 0 means as long as a client is subscribed; `undefined` if it has. */
  #left(): number | undefined {
    if (isPush(this.#state.config)) return this.#push.isActive ? 0 : undefined;
    const patience = this.#patience!;
    const now = this.#now;
    const elapsed = now - this.#pulls.lastActive;
    if (elapsed < patience) return patience - elapsed;
    this.#pulls.sweep(true);
    if (this.#pulls.size > 0) return patience;
    let left = 0;
    const { pending } = this.#state;
    for (const seq of pending.sequences()) {
      left = Math.max(left, pending.get(seq)!.time + this.#ackWait.waitFor(seq) + patience - now);
    }
    return left > 0 ? left : undefined;
  }
}
