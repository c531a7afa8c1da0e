import type { Added, Exchange, Recipient, Subscription } from "./exchange.ts";

/** The subscriptions of one client by their id. */
export class Subscriptions {
  readonly #exchange: Exchange;
  readonly #recipient: Recipient;
  readonly #max: number;
  readonly #bySid = new Map<string, Subscription>();

  constructor(exchange: Exchange, recipient: Recipient, max: number) {
    this.#exchange = exchange;
    this.#recipient = recipient;
    this.#max = max;
  }

  /** Adds one. An id in use keeps its subscription, as in nats-server. */
  add(subject: string, queue: string | undefined, sid: string, filtered: boolean): Added | "known" {
    if (this.#bySid.size >= this.#max) return "full";
    if (this.#bySid.has(sid)) return "known";
    const recipient = this.#recipient;
    const subscription = { subject, queue, sid, recipient, filtered, received: 0, max: 0 };
    const added = this.#exchange.subscribe(subscription);
    if (added === "added") this.#bySid.set(sid, subscription);
    return added;
  }

  /** Ends one: now, or once it has received `max` messages in all. */
  end(sid: string, max: number): void {
    const subscription = this.#bySid.get(sid);
    if (!subscription) return;
    if (max > subscription.received) subscription.max = max;
    else this.#remove(subscription);
  }

  /** Keeps those that are still permitted, and ends the others. */
  review(isPermitted: (subscription: Subscription) => boolean): void {
    for (const subscription of [...this.#bySid.values()]) {
      if (!isPermitted(subscription)) this.#remove(subscription);
    }
  }

  /** Counts a message, and ends a subscription that has received its last one. */
  count(subscription: Subscription): void {
    subscription.received++;
    if (subscription.max > 0 && subscription.received >= subscription.max) {
      this.#remove(subscription);
    }
  }

  /** Ends all. */
  clear(): void {
    for (const subscription of this.#bySid.values()) this.#exchange.unsubscribe(subscription);
    this.#bySid.clear();
  }

  #remove(subscription: Subscription): void {
    this.#exchange.unsubscribe(subscription);
    this.#bySid.delete(subscription.sid);
  }
}
