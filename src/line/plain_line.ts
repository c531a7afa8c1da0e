import type {
  Msg,
  NatsConnection,
  ServerInfo,
  Status,
  Subscription,
} from "@nats-io/transport-deno";
import { legible } from "../log/legible.ts";
import { shortened } from "../subject/shortened.ts";
import { isReplyText } from "../wire/reply_address.ts";
import type { Line, LineWatch, Listener, Ticket } from "./line.ts";
import { PendingAsks } from "./pending_asks.ts";
import { PlainPacket } from "./plain_packet.ts";
import { PlainWriter } from "./plain_writer.ts";
import { Turnstile } from "./turnstile.ts";

/** How many turns the client's queue of statuses takes at most to deliver the next one. */
const TURNS = 8;

/** A line that uses only the client's public API. */
export class PlainLine implements Line {
  readonly writer: PlainWriter;
  /** The client stops reading at data that it cannot parse, without reporting it, so ask often. */
  readonly longestSilence = 1_500;
  readonly #client: NatsConnection;
  readonly #watch: LineWatch;
  readonly #asks = new PendingAsks();
  readonly #turnstile = new Turnstile();
  #info: Partial<ServerInfo> | undefined;
  #statuses = 0;
  /** How many messages had headers that the client cannot read. */
  #unreadable = 0;
  #hasEnded = false;

  constructor(client: NatsConnection, watch: LineWatch) {
    this.#client = client;
    this.#watch = watch;
    this.#look();
    this.writer = new PlainWriter(client, {
      isHeld: () => this.#turnstile.isShut,
      ask: () => this.probe(),
      dropped: (outgoing, error) => watch.dropped(outgoing, error),
    });
    this.#follow().catch((error) => watch.failed(error));
    client.closed().then(() => this.#end(), () => this.#end());
  }

  get info(): Partial<ServerInfo> | undefined {
    this.#look();
    return this.#info;
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
      else if (!ticket.isGone) this.#take(this.#packetOf(message), listener);
    };
    const options = queue === undefined ? { callback } : { queue, callback };
    const ticket = new PlainTicket({
      unsubscribe: (subscription) => this.#unsubscribe(subscription),
      drain: (subscription) => this.#drain(subscription),
    });
    const subscribe = () => this.#client.subscribe(subject, options);
    // a closed client would throw; the broker repeats all subscriptions on the next line
    const begin = () => this.isOpen && ticket.begin(subscribe);
    this.writer.pass(this.#turnstile.subscription(begin));
    return ticket;
  }

  ask(answered: () => void): Promise<void> {
    return this.#asks.add((resolve, reject) => {
      this.writer.pass(this.#turnstile.question((passed) => {
        const confirmed = this.writer.asking();
        this.#asked().then(() => this.#quiet()).then(() => {
          confirmed();
          answered();
          resolve();
          passed();
          this.writer.goOn();
        }).catch(reject);
      }));
    });
  }

  probe(): Promise<void> {
    return this.#asks.add((resolve, reject) => this.#asked().then(resolve, reject));
  }

  async leave(): Promise<void> {
    this.#end();
    await this.#client.close();
  }

  /** Polls the server's `INFO`: the client does not report a new one, and forgets it at its end. */
  #look(): void {
    this.#info = this.#client.info ?? this.#info;
  }

  async #asked(): Promise<void> {
    await this.#client.flush();
    this.#look();
  }

  /** Unsubscribes in the write of what was sent before. */
  #unsubscribe(subscription: Subscription): void {
    const go = () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
    };
    this.writer.pass({ isSilent: true, mayGo: () => true, go });
  }

  /** Drains behind all waiting messages, as some may be for this subscription. */
  #drain(subscription: Subscription): Promise<void> {
    return this.#asks.add((resolve, reject) => {
      const go = () => {
        if (subscription.isClosed()) resolve();
        else subscription.drain().then(resolve, reject);
      };
      this.writer.pass({ mayGo: () => true, go });
    });
  }

  /**
   * Waits for the refusals of the past, as the client's queue delivers them some turns after the answer to a later
   * ping.
   */
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
    this.#look();
    if (this.#hasEnded) return;
    if (status.type === "disconnect") this.#end();
    else if (status.type === "error") this.#watch.said(status.error);
    else if (status.type === "ldm") this.#watch.isLeaving();
  }

  /**
   * Reports unreadable headers only for the first message, the tenth, the hundredth, as their sender decides how many
   * there are.
   */
  #packetOf(message: Msg): PlainPacket {
    return new PlainPacket(message, (cause) => {
      if (!Number.isInteger(Math.log10(++this.#unreadable))) return;
      const found = `${shortened(message.subject)} (${this.#unreadable} so far)`;
      const sentence = `Cannot read the headers of a message to ${found}: ${
        shortened((cause as Error).message)
      }. It is taken without them`;
      this.#watch.failed(new Error(legible(sentence), { cause }));
    });
  }

  #take(packet: PlainPacket, listener: Listener): void {
    const { replyTo } = packet;
    const isOdd = replyTo !== "" && !isReplyText(replyTo);
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

interface TicketWays {
  unsubscribe(subscription: Subscription): void;
  drain(subscription: Subscription): Promise<void>;
}

class PlainTicket implements Ticket {
  readonly #ways: TicketWays;
  #subscription: Subscription | undefined;
  #isOver = false;
  /** Whether its messages are no longer wanted, though the server may not know yet. */
  isGone = false;

  constructor(ways: TicketWays) {
    this.#ways = ways;
  }

  /** Subscribes, unless the ticket was ended while it waited. */
  begin(subscribe: () => Subscription): void {
    if (!this.#isOver) this.#subscription = subscribe();
  }

  get sid(): number | undefined {
    return this.#subscription?.getID();
  }

  unsubscribe(): void {
    this.#isOver = this.isGone = true;
    const subscription = this.#subscription;
    if (subscription && !subscription.isClosed()) this.#ways.unsubscribe(subscription);
  }

  async drain(): Promise<void> {
    this.#isOver = true;
    const subscription = this.#subscription;
    if (!subscription || subscription.isClosed()) return;
    await this.#ways.drain(subscription).catch(() => {});
  }
}
