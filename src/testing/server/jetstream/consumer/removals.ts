import type { StoredMessage } from "../message.ts";
import type { AckWait } from "./ack_wait.ts";
import type { ConsumerState } from "./state.ts";
import type { Supply } from "./supply.ts";

/** Handles messages that leave the stream: which of them a consumer still needs, and how it continues without them. */
export class Removals {
  readonly #state: ConsumerState;
  readonly #supply: Supply;
  readonly #ackWait: AckWait;

  constructor(state: ConsumerState, supply: Supply, ackWait: AckWait) {
    this.#state = state;
    this.#supply = supply;
    this.#ackWait = ackWait;
  }

  /** Whether the consumer has yet to deliver the message or to get its acknowledgement. */
  needs({ seq, subject }: StoredMessage): boolean {
    const { config, filter, pending, progress, redelivery } = this.#state;
    if (!filter.matches(subject)) return false;
    if (redelivery.isKnown(seq)) return true;
    if (seq <= progress.floor.stream) return false;
    if (config.ack_policy !== "explicit") return true;
    return seq >= progress.next || pending.get(seq) !== undefined;
  }

  /** Handles the removal of a message. */
  removed({ seq, subject }: StoredMessage): void {
    const { filter, pending, progress, redelivery, remaining } = this.#state;
    if (seq >= progress.next && filter.matches(subject)) remaining.less();
    if (pending.get(seq)) this.#supply.lose(seq, redelivery.deliveries(seq));
    else redelivery.forget(seq);
  }

  /** Handles a purge. */
  purged(filter: string): void {
    const { progress, redelivery, stream: { log } } = this.#state;
    const isWider = !this.#isWithin(filter);
    if (isWider && !this.#state.filter.matches(filter)) return;
    const from = isWider || filter === ""
      ? log.first
      : log.next(filter, log.first)?.seq ?? log.last + 1;
    progress.passOver(from);
    const gone = this.#state.pending.sequences().filter((seq) => seq < from || !log.get(seq));
    for (const seq of gone) this.#forget(seq);
    if (progress.floor.stream < from) {
      progress.floor = { ...progress.floor, stream: from - 1 };
    }
    redelivery.forgetBelow(log.first);
    if (this.#state.pending.size === 0) {
      redelivery.clear();
      progress.settleAll();
    }
    progress.write();
    this.#state.recount();
  }

  /** Whether the purge covers everything that the consumer delivers. */
  #isWithin(filter: string): boolean {
    return filter === "" || this.#state.filter.isWithin(filter);
  }

  #forget(seq: number): void {
    const { pending, progress, redelivery } = this.#state;
    const { number } = pending.get(seq)!;
    const floor = progress.floor;
    if (number > floor.consumer) progress.floor = { ...floor, consumer: number };
    pending.delete(seq);
    redelivery.forget(seq);
    this.#ackWait.forget(seq);
  }
}
