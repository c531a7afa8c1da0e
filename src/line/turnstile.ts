import type { Step } from "./plain_writer.ts";

/**
 * Keeps subscriptions apart by questions. Through its public face the client tells of refusals some turns behind the answers
 * to pings, and which question a refusal came before is known only where nothing else was on its way: a subscription waits
 * for the answers that are due, and what comes behind its own question waits for that one.
 */
export class Turnstile {
  /** Questions that are on their way. */
  #asked = 0;
  /** Whether one of them asks for subscriptions. */
  #isShut = false;
  /** Whether subscriptions have gone through that were not asked for. */
  #hasSubscribed = false;

  /** Whether nothing may go through. */
  get isShut(): boolean {
    return this.#isShut;
  }

  subscription(go: () => void): Step {
    return {
      mayGo: () => !this.#isShut && this.#asked === 0,
      go: () => {
        this.#hasSubscribed = true;
        go();
      },
    };
  }

  /** `go` is given what to call once the answer is there, and all that came before it. */
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
