import { asError } from "../../legible.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import { type LongRetries, movesJobs } from "./long_retries.ts";
import type { Settlement } from "./settlement.ts";
import type { Held } from "./stored_delivery.ts";

/** What this needs from its consumer. */
export interface BeforeOwner {
  isStopped(): boolean;
  /** Called when the consumer no longer holds the message. */
  released(held: Held): void;
  /** Called when a place is free again. */
  freed(): void;
  report(error: Error): void;
}

/** Runs the steps before the handler of a message, or instead of it. A message occupies a place during these steps. */
export class Before {
  readonly #settings: ConsumerSettings;
  readonly #retries: LongRetries;
  readonly #settlement: Settlement;
  readonly #owner: BeforeOwner;
  #count = 0;

  constructor(
    settings: ConsumerSettings,
    retries: LongRetries,
    settlement: Settlement,
    owner: BeforeOwner,
  ) {
    this.#settings = settings;
    this.#retries = retries;
    this.#settlement = settlement;
    this.#owner = owner;
  }

  /** How many messages are in these steps now. */
  get count(): number {
    return this.#count;
  }

  /**
   * Goes on with a message unless the consumer has already stored it elsewhere: a process may have been killed after that,
   * and before it acknowledged the message.
   */
  check(held: Held, go: () => void): void {
    const checked = this.#retries.check(held);
    if (!checked) return go();
    held.kept();
    this.#during(checked, (isElsewhere) => {
      if (isElsewhere) return this.#settlement.done(held);
      if (this.#owner.isStopped()) return this.#settlement.giveBack(held, 0);
      go();
    });
  }

  /**
   * Moves a job off its subject, so that it is delivered again as the consumer's own message. A message that needs no move,
   * or cannot be moved, goes on at once.
   */
  move(held: Held, go: () => void): void {
    const isUnderItsSubject = held.rank === 0 && held.life === undefined;
    if (!isUnderItsSubject || !movesJobs(this.#settings)) return go();
    this.#during(this.#settlement.move(held.kept()), (isMoved) => isMoved ? undefined : go());
  }

  /** Settles a message that no handler gets. */
  settle(held: Held, settle: () => void | Promise<void>): void {
    held.isGivenUp = true;
    const settled = Promise.try(settle).catch((error) => this.#owner.report(asError(error)));
    this.#during(settled, () => {
      if (!held.isSettled) this.#owner.released(held);
    });
  }

  #during<Value>(promise: Promise<Value>, then: (value: Value) => unknown): void {
    this.#count++;
    promise.then((value) => {
      this.#count--;
      return then(value);
    }).catch((error) => this.#owner.report(asError(error))).then(() => this.#owner.freed());
  }
}
