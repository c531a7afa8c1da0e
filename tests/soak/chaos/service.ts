import { NatsBroker } from "@signalbox/nats";
import { delay } from "../../support/delay.ts";

/** Where requests go. */
export const WORK = "chaos.work";

/** How often each request was handled, whoever did it. */
export type Handled = Map<number, number>;

/** A broker that answers each request with its number, half of them after a while. */
export class Service implements AsyncDisposable {
  readonly #broker: NatsBroker;
  #disconnects = 0;
  #lost = 0;
  #restored = 0;

  private constructor(servers: readonly string[], handled: Handled) {
    const reconnect = { minDelay: 20, maxDelay: 100 };
    this.#broker = new NatsBroker(servers, { logger: false, reconnect });
    this.#broker.subscriber(WORK, { queue: "services" }, async ({ body }) => {
      const number = Number(body);
      handled.set(number, (handled.get(number) ?? 0) + 1);
      if (number % 2 === 1) await delay(number % 20);
      return number;
    });
    void this.#watch();
  }

  /** Resolves once its server has its subscription. */
  static async start(servers: readonly string[], handled: Handled): Promise<Service> {
    const service = new Service(servers, handled);
    await service.#broker.start();
    return service;
  }

  get disconnects(): number {
    return this.#disconnects;
  }

  /** How often the server refused its subscription. */
  get lost(): number {
    return this.#lost;
  }

  /** How often it got that back. */
  get restored(): number {
    return this.#restored;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#broker.stop({ timeout: 2_000 });
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#broker.events()) {
      if (type === "disconnected") this.#disconnects++;
      else if (type === "subscriptionLost") this.#lost++;
      else if (type === "subscriptionRestored") this.#restored++;
    }
  }
}
