import { PatternTree } from "../subject/wildcards.ts";
import type { HandledSubscription } from "../subscriber/handled_subscription.ts";

/**
 * Records which subscribers answer on which subjects, so that no request gets two answers: the caller would take the
 * first and never see the second.
 */
export class ReplyOverlaps {
  readonly #queue: string | undefined;
  readonly #grouped = new PatternTree<HandledSubscription>();
  readonly #alone = new PatternTree<HandledSubscription>();

  /** `queue` is the queue group of subscribers that name no group. */
  constructor(queue: string | undefined) {
    this.#queue = queue;
  }

  /**
   * Adds subscribers that may answer beside the existing ones; adds all or none.
   *
   * @throws {TypeError} if a request would get two answers
   */
  add(subscriptions: readonly HandledSubscription[]): void {
    for (const subscription of subscriptions) this.#check(subscription);
    for (const subscription of subscriptions) {
      this.#treeOf(subscription)?.add(subscription.subject, subscription);
    }
  }

  delete(subscription: HandledSubscription): void {
    this.#treeOf(subscription)?.delete(subscription.subject, subscription);
  }

  #treeOf({ answers, queue }: HandledSubscription): PatternTree<HandledSubscription> | undefined {
    if (answers === "none") return undefined;
    return (queue ?? this.#queue) === undefined ? this.#alone : this.#grouped;
  }

  #check(subscription: HandledSubscription): void {
    const tree = this.#treeOf(subscription);
    if (!tree) return;
    // a program that names two queue groups may want both to handle a request
    const other = this.#alone.overlapping(subscription.subject) ??
      (tree === this.#alone ? this.#grouped.overlapping(subscription.subject) : undefined);
    if (!other) return;
    throw new TypeError(
      `Cannot subscribe to "${subscription.pattern}" as a request must be answered once, so that queue groups, ` +
        `filters on one pattern or noReply are needed: "${other.pattern}" answers it too`,
    );
  }
}
