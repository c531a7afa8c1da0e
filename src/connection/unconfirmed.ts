import type { KeptSubscription } from "./subscriptions.ts";

/** How many subjects to remember between two flushes. */
const MOST = 4_096;

/** How many refusals to keep until their flush is answered, which a server may never do. */
const MOST_REFUSALS = 1_024;

/** What was sent between two flushes: the server refuses any of it before it answers the second flush. */
export class SentBatch {
  readonly subscriptions = new Set<KeptSubscription>();
  /** Refusals that do not name a subject. */
  readonly refusals: Error[] = [];
  readonly #subjects: string[] = [];
  /** The subjects as a set, filled on demand: peers with forbidden reply addresses can cause a flood of refusals. */
  readonly #known = new Set<string>();
  #looked = 0;

  /** The server has refused something; returns whether there was room to keep the refusal. */
  refused(refusal: Error): boolean {
    return this.refusals.length < MOST_REFUSALS && this.refusals.push(refusal) > 0;
  }

  /** The program has published; returns whether it is time to flush. */
  published(subject: string): boolean {
    return this.#subjects.push(subject) >= MOST;
  }

  hasPublished(subject: string): boolean {
    while (this.#looked < this.#subjects.length) this.#known.add(this.#subjects[this.#looked++]!);
    return this.#known.has(subject);
  }
}

/** What the server has not confirmed yet: the answer to a flush confirms everything sent before it. */
export class UnconfirmedBatches {
  #open = new SentBatch();
  #flushed: SentBatch[] = [];
  /** The last subject of the open batch. */
  #latest: string | undefined;

  /** The program has published; returns whether it is time to flush. */
  published(subject: string): boolean {
    // most programs publish to one subject many times
    if (subject === this.#latest) return false;
    this.#latest = subject;
    return this.#open.published(subject);
  }

  /** The batch of what is sent now. */
  get open(): SentBatch {
    return this.#open;
  }

  /** The batch that a refusal which arrives now belongs to. */
  get oldest(): SentBatch {
    return this.#flushed[0] ?? this.#open;
  }

  /** Whether an answer is pending. */
  get isFlushing(): boolean {
    return this.#flushed.length > 0;
  }

  /** A flush is sent; returns the batch before it. */
  flush(): SentBatch {
    const asked = this.#open;
    this.#flushed.push(asked);
    this.#open = new SentBatch();
    this.#latest = undefined;
    return asked;
  }

  /** The flush behind this batch was answered, and with it all earlier ones. */
  confirmed(batch: SentBatch): void {
    this.#flushed.splice(0, this.#flushed.indexOf(batch) + 1);
  }

  /** The server has refused the subscription: the flushes that it has yet to answer must not confirm the next attempt. */
  lost(subscription: KeptSubscription): void {
    for (const { subscriptions } of [...this.#flushed, this.#open]) {
      subscriptions.delete(subscription);
    }
  }

  /** Whether the program has published to this subject without a confirmation so far. */
  hasPublished(subject: string): boolean {
    return this.#open.hasPublished(subject) ||
      this.#flushed.some((batch) => batch.hasPublished(subject));
  }

  /** The connection is broken; returns the refusals that were not matched yet. */
  clear(): Error[] {
    const refusals = [...this.#flushed, this.#open].flatMap((batch) => batch.refusals);
    this.#flushed = [];
    this.#open = new SentBatch();
    this.#latest = undefined;
    return refusals;
  }
}
