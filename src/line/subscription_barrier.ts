import type { Step } from "./plain_writer.ts";

/**
 * Separates subscriptions by flushes. Through its public API the client reports a refusal some turns after the
 * answers to pings, so the order of refusals and answers is known only if nothing else was on its way. Therefore a
 * subscription waits for all pending answers, and everything behind its own flush waits for that answer.
 */
export class SubscriptionBarrier {
  /** The number of pending flushes. */
  #pending = 0;
  /** Whether one of them is about subscriptions. */
  #isClosed = false;
  /** Whether subscriptions have passed without a flush behind them. */
  #hasSubscribed = false;

  /** Whether nothing may pass. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  subscription(subscribe: () => void): Step {
    return {
      isUnanswered: true,
      isReady: () => !this.#isClosed && this.#pending === 0,
      run: () => {
        this.#hasSubscribed = true;
        subscribe();
      },
    };
  }

  /** Makes a step that flushes; `begin` gets a function to call once the answer and everything before it have arrived. */
  flush(begin: (answered: () => void) => void): Step {
    return {
      isReady: () => !this.#isClosed,
      run: () => {
        this.#pending++;
        const isShutting = this.#isClosed = this.#hasSubscribed;
        this.#hasSubscribed = false;
        begin(() => {
          this.#pending--;
          if (isShutting) this.#isClosed = false;
        });
      },
    };
  }
}
