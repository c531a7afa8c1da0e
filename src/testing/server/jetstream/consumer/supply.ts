import type { StoredMessage } from "../message.ts";
import type { AckWait } from "./ack_wait.ts";
import type { Announcements } from "./announcements.ts";
import type { ConsumerState } from "./state.ts";

/** A message to be delivered, and for which time that is. */
export interface Supplied {
  readonly message: StoredMessage;
  readonly deliveries: number;
  /** Was it one of the last messages of their subjects? */
  readonly isPicked?: true;
}

/** Why a message cannot be delivered. */
const DELETED = "Unacknowledged message was deleted";

/** Finds the next message to deliver: first those that have to be delivered again, then those that are new to it. */
export class Supply {
  readonly #state: ConsumerState;
  readonly #announcements: Announcements;
  readonly #ackWait: AckWait;

  constructor(state: ConsumerState, announcements: Announcements, ackWait: AckWait) {
    this.#state = state;
    this.#announcements = announcements;
    this.#ackWait = ackWait;
  }

  /** Takes the next one; `full` is where too many are open, and `end` where there is none. */
  take(): Supplied | "full" | "end" {
    const again = this.#takeAgain();
    if (again) return again;
    if (this.#state.isFull) return "full";
    return this.#takePicked() ?? this.#takeNew() ?? "end";
  }

  /** Nobody wanted it after all. */
  giveBack({ message: { seq }, deliveries, isPicked }: Supplied): void {
    const { progress, redelivery, picked, remaining } = this.#state;
    if (deliveries > 1 || redelivery.isKnown(seq)) {
      if (redelivery.isWaiting(seq)) return;
      redelivery.discount(seq);
      redelivery.add(seq);
      return;
    }
    remaining.more(1);
    progress.next = seq;
    if (isPicked) picked.unshift(seq);
  }

  /** A message is gone before it was acknowledged. */
  lose(seq: number, deliveries: number, reason: string = DELETED): void {
    const { pending, progress, redelivery, context } = this.#state;
    const open = pending.get(seq);
    if (!open) return;
    this.#state.settle(seq);
    this.#ackWait.forget(seq);
    redelivery.forget(seq);
    progress.acknowledge({ consumer: open.number, stream: seq }, pending.first);
    progress.lastAcked = context.clock.wallTime();
    this.#announcements.terminated({ number: open.number, seq, deliveries }, reason);
  }

  #takeAgain(): Supplied | undefined {
    const { redelivery, config: { max_deliver }, stream: { log } } = this.#state;
    for (let seq = redelivery.take(); seq !== undefined; seq = redelivery.take()) {
      const deliveries = redelivery.count(seq);
      if (max_deliver > 0 && deliveries > max_deliver) {
        if (deliveries === max_deliver + 1) this.#announcements.exhausted(seq, max_deliver);
        this.#ackWait.forget(seq);
        this.#state.settle(seq);
        continue;
      }
      const message = log.get(seq);
      if (message) return { message, deliveries };
      redelivery.discount(seq);
      this.lose(seq, deliveries - 1);
    }
    return undefined;
  }

  #takePicked(): Supplied | undefined {
    const { stream: { log }, remaining } = this.#state;
    for (let seq = this.#state.pick(); seq !== undefined; seq = this.#state.pick()) {
      const message = log.get(seq);
      if (!message) continue;
      remaining.less();
      return { message, deliveries: 1, isPicked: true };
    }
    return undefined;
  }

  #takeNew(): Supplied | undefined {
    const { filter, progress, stream: { log }, remaining } = this.#state;
    const message = filter.next(log, progress.next);
    if (!message) {
      progress.next = Math.max(progress.next, log.last + 1);
      remaining.end();
      return undefined;
    }
    progress.next = message.seq + 1;
    remaining.less();
    return { message, deliveries: 1 };
  }
}
