import type { WirePacket } from "../wire/wire_packet.ts";
import type { ListedSubscription, SubscribingProtocol } from "./client_protocol.ts";
import { clientFault } from "./faults.ts";
import type { Interest, Report, Subscriptions, Taker } from "./subscriptions.ts";

/** What a connection is subscribed to: entries in the client's list, which it tells every server that it connects to. */
export class WireSubscriptions implements Subscriptions {
  readonly protocol: SubscribingProtocol;
  readonly report: Report;

  constructor(protocol: SubscribingProtocol, report: Report) {
    this.protocol = protocol;
    this.report = report;
  }

  subscribe(subject: string, taker: Taker, queue?: string): Interest {
    const subscription = new WireSubscription(this, subject, taker, queue);
    this.protocol.subscribe(subscription);
    return subscription;
  }
}

/** An entry of the list; with one of the client's own, an open inbox took up three times as much. */
class WireSubscription implements Interest, ListedSubscription {
  sid = 0;
  max: number | undefined;
  readonly subject: string;
  readonly queue: string | undefined;
  readonly #owner: WireSubscriptions;
  readonly #taker: Taker;
  #isClosed = false;

  constructor(
    owner: WireSubscriptions,
    subject: string,
    taker: Taker,
    queue: string | undefined,
  ) {
    this.#owner = owner;
    this.subject = subject;
    this.#taker = taker;
    this.queue = queue;
  }

  take(packet: WirePacket): void {
    try {
      this.#taker.take(packet);
    } catch (error) {
      // an exception while the socket is read would end the connection
      this.#owner.report(error as Error);
    }
  }

  /** The client tells of nothing but a refusal. */
  callback(error: Error): void {
    try {
      this.#taker.refused(clientFault(error));
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  unsubscribe(): void {
    if (!this.#isClosed) this.#owner.protocol.unsubscribe(this);
  }

  async drain(): Promise<void> {
    if (this.#isClosed) return;
    const { protocol } = this.#owner;
    protocol.unsub(this);
    try {
      await protocol.flush();
    } catch {
      // the connection has gone, and with it whatever was on its way
    }
    protocol.subscriptions.cancel(this);
  }
}
