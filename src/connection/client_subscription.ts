import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-deno";
import type { Packet } from "../message/packet.ts";
import { ClientPacket } from "./client_message.ts";
import { clientFault } from "./faults.ts";

/** A subscription on the server. */
export interface Interest {
  /** Gone at once, with whatever is on its way. */
  unsubscribe(): void;
  /** Nothing new is sent to us; resolves once what is on its way has been taken. */
  drain(): Promise<void>;
}

/** Who takes the packets of a subscription; called in the client's read loop, so it must be quick. */
export interface Taker {
  take(packet: Packet): void;
  /** The server refused the subscription, and it is gone. */
  refused(error: Error): void;
}

/** Subscribes with the client; what the taker throws is reported. */
export function subscribeThrough(
  client: NatsConnection,
  subject: string,
  taker: Taker,
  { queue, report }: { readonly queue: string | undefined; readonly report: Report },
): Interest {
  const callback = (error: Error | null, message: Msg) => {
    try {
      error ? taker.refused(clientFault(error)) : taker.take(new ClientPacket(message));
    } catch (error) {
      // an exception in the client's read loop would end the loop, and with it the connection
      report(error as Error);
    }
  };
  return new ClientInterest(client.subscribe(subject, queue ? { queue, callback } : { callback }));
}

/** Told what a taker throws. */
export type Report = (error: Error) => void;

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
