import { Agenda } from "../agenda.ts";
import { Alarm } from "../alarm.ts";
import { NANOSECONDS } from "../time.ts";
import type { Announcements } from "./announcements.ts";
import type { ConsumerState } from "./state.ts";

/** Tracks the ack deadlines of open messages; a message not acknowledged in time is redelivered. */
export class AckWait {
  readonly #state: ConsumerState;
  readonly #announcements: Announcements;
  readonly #due: () => void;
  readonly #agenda = new Agenda<number>();
  readonly #alarm: Alarm;

  /** Calls `due` when there are messages to redeliver. */
  constructor(state: ConsumerState, announcements: Announcements, due: () => void) {
    this.#state = state;
    this.#announcements = announcements;
    this.#due = due;
    this.#alarm = new Alarm(state.context.clock, () => this.#ring());
  }

  /** The ack wait in milliseconds; with a backoff list it grows with each delivery. */
  waitFor(seq: number): number {
    const { backoff, ack_wait } = this.#state.config;
    const times = Math.max(this.#state.redelivery.timesOf(seq), 0);
    return (backoff[Math.min(times, backoff.length - 1)] ?? ack_wait) / NANOSECONDS;
  }

  /** Starts or restarts the deadline of a message, on delivery or on `+WPI` (in progress). */
  note(seq: number): void {
    this.#put(seq);
    this.#alarm.bringForward(this.#agenda.next);
  }

  /** Drops the deadline of a message. */
  forget(seq: number): void {
    // the alarm may then fire without need: resetting it for each message would cost more
    this.#agenda.delete(seq);
  }

  /** Recomputes all deadlines after a change of the configuration. */
  renew(): void {
    this.#agenda.clear();
    const { pending, redelivery } = this.#state;
    for (const seq of pending.sequences()) if (!redelivery.isWaiting(seq)) this.#put(seq);
    this.#alarm.set(this.#agenda.next);
  }

  /** Redelivers all open messages at once, as their client is gone. */
  expireAll(): void {
    const open = this.#state.pending.sequences();
    for (const seq of open) this.#agenda.delete(seq);
    this.#expire(open);
  }

  /** Drops all deadlines. */
  stop(): void {
    this.#agenda.clear();
    this.#alarm.stop();
  }

  #put(seq: number): void {
    const open = this.#state.pending.get(seq);
    if (!open || this.#state.config.ack_wait === 0) return;
    this.#agenda.set(seq, open.time + this.waitFor(seq));
  }

  #ring(): void {
    const late = this.#agenda.takeAll(this.#state.context.clock.wallTime());
    this.#expire(late.sort((one, other) => one - other));
  }

  #expire(sequences: readonly number[]): void {
    const { redelivery } = this.#state;
    const late = sequences.filter((seq) => !redelivery.isWaiting(seq) && !this.#isExhausted(seq));
    for (const seq of late) redelivery.add(seq);
    this.#alarm.set(this.#agenda.next);
    if (sequences.length > 0) this.#due();
  }

  /** Whether the message has reached `max_deliver`; if so, it is settled. */
  #isExhausted(seq: number): boolean {
    const { config: { max_deliver }, redelivery } = this.#state;
    const deliveries = redelivery.deliveries(seq);
    if (max_deliver <= 0 || deliveries < max_deliver) return false;
    if (deliveries === max_deliver) this.#announcements.exhausted(seq, deliveries);
    this.#state.settle(seq);
    redelivery.exhaust(seq, deliveries);
    return true;
  }
}
