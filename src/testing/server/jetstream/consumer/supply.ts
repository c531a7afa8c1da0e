import type { StoredMessage } from "../message.ts";
import type { AckWait } from "./ack_wait.ts";
import type { Announcements } from "./announcements.ts";
import type { ConsumerState } from "./state.ts";

/** A message to deliver, with the number of the delivery. */
export interface Supplied {
  readonly message: StoredMessage;
  readonly deliveries: number;
  /** Set for the last message of a subject that was picked at the start. */
  readonly isPicked?: true;
}

/** The reason in the advisory for a message that was deleted while open. */
const DELETED = "Unacknowledged message was deleted";

/** Finds the next message to deliver: redeliveries first, then picked messages, then new ones. */
export class Supply {
  readonly #state: ConsumerState;
  readonly #announcements: Announcements;
  readonly #ackWait: AckWait;

  constructor(state: ConsumerState, announcements: Announcements, ackWait: AckWait) {
    this.#state = state;
    this.#announcements = announcements;
    this.#ackWait = ackWait;
  }

  /** Takes the next message; `full` if too many are open, `end` if there is none. */
  take(): Supplied | "full" | "end" {
    const again = this.#takeAgain();
    if (again) return again;
    if (this.#state.isFull) return "full";
    return this.#takePicked() ?? this.#takeNew() ?? "end";
  }

  /** Gives back a message that no client wanted. */
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

  /** Settles an open message that was removed from the stream. */
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
