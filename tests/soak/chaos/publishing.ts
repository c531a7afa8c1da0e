import { NEWS, newsOf } from "./news.ts";
import { pace } from "./pace.ts";
import type { Plan } from "./plan.ts";
import type { Sender } from "./sender.ts";

/** A message that `publish()` took. */
export interface Accepted {
  readonly number: number;
  /** By `performance.now()`. */
  readonly at: number;
  /** Whether the sender was disconnected then. */
  readonly isHeld: boolean;
}

/** Publishes numbered messages at a rate, no faster than it is let, and keeps what became of each call. */
export class Publishing {
  readonly #sender: Sender;
  readonly #plan: Plan;
  readonly #accepted: Accepted[] = [];
  readonly #refused = new Map<number, string>();

  constructor(sender: Sender, plan: Plan) {
    this.#sender = sender;
    this.#plan = plan;
  }

  get accepted(): readonly Accepted[] {
    return this.#accepted;
  }

  /** The names of the errors, by the number of the message. */
  get refused(): ReadonlyMap<number, string> {
    return this.#refused;
  }

  /** Goes on until the signal aborts. */
  run(over: AbortSignal): Promise<void> {
    return pace(this.#plan.rate, over, (number) => this.#publish(number));
  }

  async #publish(number: number): Promise<void> {
    const accepted = { number, at: performance.now(), isHeld: this.#sender.isDown };
    try {
      await this.#sender.broker.publish(NEWS, newsOf(number, this.#plan.size));
      this.#accepted.push(accepted);
    } catch (error) {
      this.#refused.set(number, (error as Error).name);
    }
  }
}
