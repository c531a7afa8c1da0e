import type { Msg, NatsConnection } from "@nats-io/transport-deno";
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
  { queue, report }: { readonly queue: string | undefined; report(error: Error): void },
): Interest {
  const callback = (error: Error | null, message: Msg) => {
    try {
      error ? taker.refused(clientFault(error)) : taker.take(new ClientPacket(message));
    } catch (error) {
      // an exception in the client's read loop would end the loop, and with it the connection
      report(error as Error);
    }
  };
  const subscription = client.subscribe(subject, queue ? { queue, callback } : { callback });
  return {
    unsubscribe() {
      if (!subscription.isClosed()) subscription.unsubscribe();
    },
    async drain() {
      if (!subscription.isClosed()) await subscription.drain();
    },
  };
}
