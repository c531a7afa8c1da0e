import type { Clock, Timer } from "../clock.ts";

/** Milliseconds between two questions, while anything is sent. */
const INTERVAL = 1_000;

/** What receipts need to ask the server. */
export interface ReceiptWays {
  readonly clock: Clock;
  /** How many messages were written. */
  given(): number;
  /** Asks the server; resolves once it has everything written before. */
  ask(): Promise<void>;
}

/**
 * Tracks which messages the server has confirmed: core NATS confirms no single message, but an answered ping confirms
 * all messages before it. So a broken connection may have lost only the messages of about the last second.
 */
export class Receipts {
  readonly #ways: ReceiptWays;
  #confirmed = 0;
  #timer: Timer | undefined;

  constructor(ways: ReceiptWays) {
    this.#ways = ways;
  }

  /** How many messages the server is known to have. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** Notes that a message was sent, and asks for a confirmation later. */
  expect(): void {
    this.#timer ??= this.#ways.clock.setTimeout(() => this.#ask(), INTERVAL);
  }

  /** Asks now. */
  async confirm(): Promise<void> {
    const given = this.#ways.given();
    await this.#ways.ask();
    this.#confirmed = Math.max(this.#confirmed, given);
  }

  /** Stops asking until another message is sent. */
  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** Asks one question at a time; the heartbeat detects a server that does not answer. */
  #ask(): void {
    const asked = this.#timer;
    const goOn = () => {
      if (this.#timer !== asked) return;
      this.#timer = undefined;
      if (this.#confirmed < this.#ways.given()) this.expect();
    };
    // the line has already reported the broken connection
    this.confirm().then(goOn, goOn);
  }
}
