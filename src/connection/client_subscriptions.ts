import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-deno";
import { ClientPacket } from "./client_message.ts";
import { clientFault } from "./faults.ts";
import { isReplyAddress } from "../wire/reply_address.ts";
import type { OddAddresses } from "./odd_addresses.ts";
import {
  type Entry,
  type EntryWatch,
  type Interest,
  type Report,
  type Subscriptions,
  type Taker,
  UNWATCHED,
} from "./subscriptions.ts";

const encoder = new TextEncoder();

/** Leaves the reading to the client, where its own subscriptions cannot be replaced. */
export class ClientSubscriptions implements Subscriptions {
  readonly client: NatsConnection;
  readonly report: Report;
  readonly odd: OddAddresses;
  readonly watch: EntryWatch;
  readonly entries = new Set<Entry>();

  constructor(client: NatsConnection, report: Report, odd: OddAddresses, watch = UNWATCHED) {
    this.client = client;
    this.report = report;
    this.odd = odd;
    this.watch = watch;
  }

  subscribe(subject: string, taker: Taker, queue?: string): Interest {
    const entry = new ClientInterest(this, subject, taker, queue);
    entry.resubscribe();
    return entry;
  }

  all(): readonly Entry[] {
    return [...this.entries];
  }

  numbered(): undefined {}
}

class ClientInterest implements Entry {
  readonly subject: string;
  readonly #owner: ClientSubscriptions;
  readonly #taker: Taker;
  readonly #queue: string | undefined;
  #subscription: Subscription | undefined;
  #state: Entry["state"] = "refused";

  constructor(
    owner: ClientSubscriptions,
    subject: string,
    taker: Taker,
    queue: string | undefined,
  ) {
    this.#owner = owner;
    this.subject = subject;
    this.#taker = taker;
    this.#queue = queue;
  }

  get state(): Entry["state"] {
    return this.#state;
  }

  isOf(taker: Taker): boolean {
    return this.#taker === taker;
  }

  get comesBack(): boolean {
    return this.#state === "refused" && this.#taker.comesBack === true;
  }

  refuse(error: Error): void {
    this.#end("refused");
    this.#safely(() => this.#taker.refused(error));
  }

  restore(): void {
    this.#safely(() => this.#taker.restored?.());
  }

  resubscribe(): void {
    if (this.#state === "left") return;
    this.#end("listed");
    this.#owner.entries.add(this);
    const callback = (error: Error | null, message: Msg) => {
      if (error) return this.#refused(clientFault(error));
      this.#safely(() => this.#take(new ClientPacket(message)));
    };
    const queue = this.#queue;
    const options = queue ? { queue, callback } : { callback };
    this.#subscription = this.#owner.client.subscribe(this.subject, options);
    this.#owner.watch.subscribed(this);
  }

  unsubscribe(): void {
    if (this.#state === "refused") this.#owner.watch.left(this);
    this.#end("left");
  }

  async drain(): Promise<void> {
    if (this.#state !== "listed") return this.unsubscribe();
    this.#state = "left";
    if (!this.#subscription?.isClosed()) await this.#subscription?.drain();
    this.#end("left");
  }

  #take(packet: ClientPacket): void {
    const { replyTo } = packet;
    if (replyTo !== "" && !isReplyAddress(encoder.encode(replyTo))) this.#owner.odd.drop(packet);
    else this.#taker.take(packet);
  }

  #refused(error: Error): void {
    this.#owner.entries.delete(this);
    // one that is being left may still be refused, and must not come back
    if (this.#state === "left") return;
    this.#state = "refused";
    this.#safely(() => this.#taker.refused(error));
    this.#owner.watch.refused(this, error);
  }

  #end(state: Entry["state"]): void {
    this.#owner.entries.delete(this);
    this.#state = state;
    if (this.#subscription && !this.#subscription.isClosed()) this.#subscription.unsubscribe();
    this.#subscription = undefined;
  }

  /** An exception in the client's read loop would end the loop, and with it the connection. */
  #safely(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }
}
