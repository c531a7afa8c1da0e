import type { Clock } from "../clock.ts";
import type { EventFeed } from "../events.ts";
import type { Work } from "../message/work.ts";
import type { RequestWatch } from "../source/invocation.ts";
import { covers } from "../subject/wildcards.ts";

/** How often to report a subscriber at most, in milliseconds. */
const AGAIN = 10_000;

/** What the check needs of a subscriber. */
interface SelfAskingPlan {
  readonly pattern: string;
  readonly subject: string;
  readonly concurrency: number;
  readonly feed: EventFeed;
  readonly clock: Clock;
}

/**
 * Detects that all handlers of a subscriber wait for answers of the same subscriber: no handler is free to answer, so
 * all these requests time out, and nothing else would show why.
 */
export class SelfAsking implements RequestWatch {
  readonly #plan: SelfAskingPlan;
  /** How many requests to its own subscriber each handler waits for. */
  readonly #waiting = new Map<Work, number>();
  #told = -Infinity;

  constructor(plan: SelfAskingPlan) {
    this.#plan = plan;
  }

  /** Notes that a handler sends a request, and may wait until `asked` settles. */
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
