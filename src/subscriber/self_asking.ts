import type { Clock } from "../clock.ts";
import type { EventFeed } from "../connection/events.ts";
import type { Work } from "../message/work.ts";
import { covers } from "../subject/covers.ts";

/** A subscriber that goes on so is told once within so many milliseconds. */
const AGAIN = 10_000;

/** What a subscriber is, as far as its own requests to itself go. */
export interface SelfAskingPlan {
  readonly pattern: string;
  readonly subject: string;
  readonly concurrency: number;
  readonly feed: EventFeed;
  readonly clock: Clock;
}

/**
 * Finds out that all handlers of a subscriber wait for answers of that same subscriber: none is left to answer, so that all of
 * these requests time out, and nothing else would say why.
 */
export class SelfAsking {
  readonly #plan: SelfAskingPlan;
  /** How many requests to itself each handler waits for. */
  readonly #waiting = new Map<Work, number>();
  #told = -Infinity;

  constructor(plan: SelfAskingPlan) {
    this.#plan = plan;
  }

  /** A handler asks, and may wait until that has settled. */
  asks(work: Work, subject: string, asked: Promise<unknown>): void {
    if (!covers(this.#plan.subject, subject)) return;
    this.#add(work, 1);
    const settled = () => this.#add(work, -1);
    asked.then(settled, settled);
    if (this.#waiting.size >= this.#plan.concurrency) this.#tell(subject, work.correlationId);
  }

  #add(work: Work, change: number): void {
    const count = (this.#waiting.get(work) ?? 0) + change;
    if (count > 0) this.#waiting.set(work, count);
    else this.#waiting.delete(work);
  }

  #tell(subject: string, correlationId: string): void {
    const now = this.#plan.clock.now();
    if (now - this.#told < AGAIN) return;
    this.#told = now;
    const { pattern, concurrency, feed } = this.#plan;
    const error = new Error(
      `All ${concurrency} handlers of "${pattern}" wait for answers to their own requests to "${subject}", ` +
        `which only they could give. Raise its "concurrency", or call the function without a request`,
    );
    feed.emit({ type: "error", error, subject, pattern, correlationId });
  }
}
