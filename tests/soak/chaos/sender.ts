import { type BrokerOptions, ConnectionError, NatsBroker } from "@signalbox/nats";
import { within } from "../../support/within.ts";

/** A connection that broke. */
export interface Break {
  /** By `performance.now()`. */
  readonly at: number;
  /** How many messages may be lost, as the event tells. */
  readonly unconfirmed: number;
}

/** The broker on trial, with what its events tell. */
export class Sender implements AsyncDisposable {
  readonly broker: NatsBroker;
  readonly #breaks: Break[] = [];
  #isDown = false;
  #interrupted = 0;
  #failure: Error | undefined;

  private constructor(servers: readonly string[], options: BrokerOptions) {
    this.broker = new NatsBroker(servers, {
      logger: false,
      reconnect: { minDelay: 20, maxDelay: 100 },
      ...options,
    });
    void this.#watch();
  }

  static async open(servers: readonly string[], options: BrokerOptions = {}): Promise<Sender> {
    const sender = new Sender(servers, options);
    await sender.broker.connect();
    return sender;
  }

  /** Whether it is told to be disconnected, and not yet to be connected again. */
  get isDown(): boolean {
    return this.#isDown;
  }

  get breaks(): readonly Break[] {
    return this.#breaks;
  }

  /** Why the connection was closed for good, which must not be. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** How many flushes told that messages may be lost. */
  get interrupted(): number {
    return this.#interrupted;
  }

  /** Resolves once it is connected and the server has all that it was given and that is not lost. */
  async recovered(): Promise<void> {
    try {
      await within("the sender must be back", this.broker.flush());
    } catch (error) {
      if (!(error instanceof ConnectionError) || error.reason !== "interrupted") throw error;
      this.#interrupted++;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker.stop({ timeout: 2_000 });
  }

  async #watch(): Promise<void> {
    for await (const event of this.broker.events()) {
      if (event.type === "connected") this.#isDown = false;
      else if (event.type === "closed") this.#failure = event.error;
      else if (event.type === "disconnected") {
        this.#isDown = true;
        this.#breaks.push({ at: performance.now(), unconfirmed: event.unconfirmed });
      }
    }
  }
}
