import type { Step } from "./plain_writer.ts";

/**
 * Separates subscriptions by questions. Through its public API the client reports a refusal some turns after the
 * answers to pings, so the order of refusals and answers is known only if nothing else was on its way. Therefore a
 * subscription waits for all pending answers, and everything behind its own question waits for that answer.
 */
export class Turnstile {
  /** The number of pending questions. */
  #asked = 0;
  /** Whether one of them asks about subscriptions. */
  #isShut = false;
  /** Whether subscriptions have passed without a question behind them. */
  #hasSubscribed = false;

  /** Whether nothing may pass. */
  get isShut(): boolean {
    return this.#isShut;
  }

  subscription(go: () => void): Step {
    return {
      isSilent: true,
      mayGo: () => !this.#isShut && this.#asked === 0,
      go: () => {
        this.#hasSubscribed = true;
        go();
      },
    };
  }

  /** Makes a step that asks; `go` gets a function to call once the answer and everything before it have arrived. */
  question(go: (answered: () => void) => void): Step {
    return {
      mayGo: () => !this.#isShut,
      go: () => {
        this.#asked++;
        const isShutting = this.#isShut = this.#hasSubscribed;
        this.#hasSubscribed = false;
        go(() => {
          this.#asked--;
          if (isShutting) this.#isShut = false;
        });
      },
    };
  }
}
