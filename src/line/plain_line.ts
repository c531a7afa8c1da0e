import type {
  Msg,
  NatsConnection,
  ServerInfo,
  Status,
  Subscription,
} from "@nats-io/transport-deno";
import { isReplyAddress } from "../wire/reply_address.ts";
import type { Line, LineWatch, Listener, Ticket } from "./line.ts";
import { PendingAsks } from "./pending_asks.ts";
import { PlainPacket } from "./plain_packet.ts";
import { PlainWriter } from "./plain_writer.ts";

/** So many turns the client's queue of statuses takes at most to hand on the next one. */
const TURNS = 8;
const encoder = new TextEncoder();

/** A line that goes by the public face of the client alone. */
export class PlainLine implements Line {
  readonly writer: PlainWriter;
  /** The client stops to read at what it cannot read, and tells nobody. */
  readonly longestSilence = 5_000;
  readonly #client: NatsConnection;
  readonly #watch: LineWatch;
  readonly #asks = new PendingAsks();
  #statuses = 0;
  #hasEnded = false;

  constructor(client: NatsConnection, watch: LineWatch) {
    this.#client = client;
    this.#watch = watch;
    this.writer = new PlainWriter(client, () => this.ask(() => {}));
    this.#follow().catch((error) => watch.failed(error));
    client.closed().then(() => this.#end(), () => this.#end());
  }

  get info(): Partial<ServerInfo> | undefined {
    return this.#client.info;
  }

  get address(): string {
    return this.#client.getServer();
  }

  get isOpen(): boolean {
    return !this.#hasEnded && !this.#client.isClosed();
  }

  subscribe(listener: Listener): Ticket {
    const { subject, queue } = listener;
    const callback = (error: Error | null, message: Msg) => {
      if (error) listener.refused(error);
      else this.#take(new PlainPacket(message), listener);
    };
    const options = queue === undefined ? { callback } : { queue, callback };
    return new PlainTicket(this.#client.subscribe(subject, options), this.#asks);
  }

  ask(answered: () => void): Promise<void> {
    return this.#asks.add((resolve, reject) => {
      this.#client.flush().then(() => this.#quiet()).then(() => {
        answered();
        resolve();
      }).catch(reject);
    });
  }

  async leave(): Promise<void> {
    this.#end();
    await this.#client.close();
  }

  /** Refusals come through a queue, some turns behind the answer to a ping that came after them. */
  async #quiet(): Promise<void> {
    for (let seen = -1; seen !== this.#statuses;) {
      seen = this.#statuses;
      for (let turn = 0; turn < TURNS; turn++) await undefined;
    }
  }

  async #follow(): Promise<void> {
    for await (const status of this.#client.status()) {
      this.#statuses++;
      this.#notice(status);
    }
  }

  #notice(status: Status): void {
    if (this.#hasEnded) return;
    if (status.type === "disconnect") this.#end();
    else if (status.type === "error") this.#watch.said(status.error);
    else if (status.type === "update") this.#watch.told();
    else if (status.type === "ldm") this.#watch.isLeaving();
  }

  #take(packet: PlainPacket, listener: Listener): void {
    const { replyTo } = packet;
    const isOdd = replyTo !== "" && !isReplyAddress(encoder.encode(replyTo));
    if (isOdd) this.#watch.unanswerable(packet);
    else listener.take(packet);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#asks.end();
    this.#watch.ended();
  }
}

class PlainTicket implements Ticket {
  readonly #subscription: Subscription;
  readonly #asks: PendingAsks;

  constructor(subscription: Subscription, asks: PendingAsks) {
    this.#subscription = subscription;
    this.#asks = asks;
  }

  get sid(): number {
    return this.#subscription.getID();
  }

  unsubscribe(): void {
    if (!this.#subscription.isClosed()) this.#subscription.unsubscribe();
  }

  async drain(): Promise<void> {
    if (this.#subscription.isClosed()) return;
    // the client's own waiting has no end where the connection goes
    await this.#asks.add((resolve, reject) => {
      this.#subscription.drain().then(resolve, reject);
    }).catch(() => {});
  }
}
