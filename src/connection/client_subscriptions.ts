import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-deno";
import { ClientPacket } from "./client_message.ts";
import { clientFault } from "./faults.ts";
import { isReplyAddress } from "../wire/reply_address.ts";
import type { OddAddresses } from "./odd_addresses.ts";
import type { Interest, Report, Subscriptions, Taker } from "./subscriptions.ts";

const encoder = new TextEncoder();

/** Leaves the reading to the client, where its own subscriptions cannot be replaced. */
export class ClientSubscriptions implements Subscriptions {
  readonly #client: NatsConnection;
  readonly #report: Report;
  readonly #odd: OddAddresses;

  constructor(client: NatsConnection, report: Report, odd: OddAddresses) {
    this.#client = client;
    this.#report = report;
    this.#odd = odd;
  }

  subscribe(subject: string, taker: Taker, queue?: string): Interest {
    const callback = (error: Error | null, message: Msg) => {
      try {
        if (error) return taker.refused(clientFault(error));
        const packet = new ClientPacket(message);
        const { replyTo } = packet;
        if (replyTo !== "" && !isReplyAddress(encoder.encode(replyTo))) this.#odd.drop(packet);
        else taker.take(packet);
      } catch (error) {
        // an exception in the client's read loop would end the loop, and with it the connection
        this.#report(error as Error);
      }
    };
    const options = queue ? { queue, callback } : { callback };
    return new ClientInterest(this.#client.subscribe(subject, options));
  }
}

class ClientInterest implements Interest {
  readonly #subscription: Subscription;

  constructor(subscription: Subscription) {
    this.#subscription = subscription;
  }

  unsubscribe(): void {
    if (!this.#subscription.isClosed()) this.#subscription.unsubscribe();
  }

  async drain(): Promise<void> {
    if (!this.#subscription.isClosed()) await this.#subscription.drain();
  }
}
