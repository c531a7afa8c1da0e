import type { Clock, Timer } from "../clock.ts";

/** Milliseconds between two questions, while anything is sent. */
const INTERVAL = 1_000;

/** What receipts are asked by. */
export interface ReceiptWays {
  readonly clock: Clock;
  /** How many messages were given to be sent. */
  given(): number;
  /** Asks the server; resolves with its answer, by which it has all that was given before. */
  ask(): Promise<void>;
}

/**
 * How far the server has answered: core NATS confirms no message, but a ping that is answered confirms all before it.
 * So what a broken connection may have lost is what was sent within about a second.
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

  /** Something was sent, and will be asked after. */
  expect(): void {
    this.#timer ??= this.#ways.clock.setTimeout(() => this.#ask(), INTERVAL);
  }

  /** Asks now. */
  async confirm(): Promise<void> {
    const given = this.#ways.given();
    await this.#ways.ask();
    this.#confirmed = Math.max(this.#confirmed, given);
  }

  /** Asks no more, until something is sent. */
  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** One question at a time: a server that does not answer is the heartbeat's to find out. */
  #ask(): void {
    const asked = this.#timer;
    const goOn = () => {
      if (this.#timer !== asked) return;
      this.#timer = undefined;
      if (this.#confirmed < this.#ways.given()) this.expect();
    };
    // a connection that broke has been told of already
    this.confirm().then(goOn, goOn);
  }
}
