import type {
  Msg,
  MsgHdrs,
  NatsConnection,
  ServerInfo,
  Status,
  Subscription,
} from "@nats-io/transport-deno";
import { isPowerOfTen } from "../events.ts";
import { legible, shortened } from "../legible.ts";
import { isReplyText } from "../wire/message_line.ts";
import {
  type Line,
  type LineSubscription,
  type LineWatch,
  type Listener,
  PendingFlushes,
} from "./line.ts";
import { PlainWriter } from "./plain_writer.ts";
import { SubscriptionBarrier } from "./subscription_barrier.ts";
import type { RawMessage } from "../message/raw_message.ts";

/** How many turns the client's queue of statuses takes at most to deliver the next one. */
const TURNS = 8;

/** A line that uses only the client's public API. */
export class PlainLine implements Line {
  readonly writer: PlainWriter;
  /** The client stops reading at data that it cannot parse, without reporting it, so ping often. */
  readonly longestSilence = 1_500;
  readonly #client: NatsConnection;
  readonly #watch: LineWatch;
  readonly #flushes = new PendingFlushes();
  readonly #barrier = new SubscriptionBarrier();
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
      isHeld: () => this.#barrier.isClosed,
      confirm: () => this.ping(),
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

  subscribe(listener: Listener): LineSubscription {
    const { subject, queue } = listener;
    const callback = (error: Error | null, message: Msg) => {
      if (error) listener.refused(error);
      else if (!subscription.isCancelled) this.#take(this.#packetOf(message), listener);
    };
    const options = queue === undefined ? { callback } : { queue, callback };
    const subscription = new PlainSubscription({
      unsubscribe: (subscription) => this.#unsubscribe(subscription),
      drain: (subscription) => this.#drain(subscription),
    });
    const subscribe = () => this.#client.subscribe(subject, options);
    // a closed client would throw; the broker repeats all subscriptions on the next line
    const begin = () => this.isOpen && subscription.begin(subscribe);
    this.writer.runInOrder(this.#barrier.subscription(begin));
    return subscription;
  }

  flush(answered: () => void): Promise<void> {
    return this.#flushes.add((resolve, reject) => {
      this.writer.runInOrder(this.#barrier.flush((passed) => {
        const confirmed = this.writer.pinged();
        this.#flushClient().then(() => this.#quiet()).then(() => {
          confirmed();
          answered();
          resolve();
          passed();
          this.writer.resume();
        }).catch(reject);
      }));
    });
  }

  ping(): Promise<void> {
    return this.#flushes.add((resolve, reject) => this.#flushClient().then(resolve, reject));
  }

  async close(): Promise<void> {
    this.#end();
    await this.#client.close();
  }

  /** Polls the server's `INFO`: the client does not report a new one, and forgets it at its end. */
  #look(): void {
    this.#info = this.#client.info ?? this.#info;
  }

  async #flushClient(): Promise<void> {
    await this.#client.flush();
    this.#look();
  }

  /** Unsubscribes in order, so that a ping joins the write. */
  #unsubscribe(subscription: Subscription): void {
    const run = () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
    };
    this.writer.runInOrder({ isUnanswered: true, isReady: () => true, run });
  }

  /** Drains behind all waiting messages, as some may be for this subscription. */
  #drain(subscription: Subscription): Promise<void> {
    return this.#flushes.add((resolve, reject) => {
      const run = () => {
        if (subscription.isClosed()) resolve();
        else subscription.drain().then(resolve, reject);
      };
      this.writer.runInOrder({ isReady: () => true, run });
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
    else if (status.type === "error") this.#watch.serverError(status.error);
    else if (status.type === "ldm") this.#watch.lameDuck();
  }

  /**
   * Reports unreadable headers only for the first message, the tenth, the hundredth, as their sender decides how many
   * there are.
   */
  #packetOf(message: Msg): PlainPacket {
    return new PlainPacket(message, (cause) => {
      if (!isPowerOfTen(++this.#unreadable)) return;
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
    if (isOdd) this.#watch.invalidReplyAddress(packet);
    else listener.take(packet);
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#flushes.end();
    this.#watch.closed();
  }
}

/** Ends a subscription of the client. */
interface SubscriptionEnds {
  unsubscribe(subscription: Subscription): void;
  drain(subscription: Subscription): Promise<void>;
}

class PlainSubscription implements LineSubscription {
  readonly #ends: SubscriptionEnds;
  #subscription: Subscription | undefined;
  #isOver = false;
  /** Whether its messages are unwanted, though the server may not know yet. */
  isCancelled = false;

  constructor(ends: SubscriptionEnds) {
    this.#ends = ends;
  }

  /** Subscribes, unless the subscription was ended while it waited. */
  begin(subscribe: () => Subscription): void {
    if (!this.#isOver) this.#subscription = subscribe();
  }

  get sid(): number | undefined {
    return this.#subscription?.getID();
  }

  unsubscribe(): void {
    this.#isOver = this.isCancelled = true;
    const subscription = this.#subscription;
    if (subscription && !subscription.isClosed()) this.#ends.unsubscribe(subscription);
  }

  async drain(): Promise<void> {
    this.#isOver = true;
    const subscription = this.#subscription;
    if (!subscription || subscription.isClosed()) return;
    await this.#ends.drain(subscription).catch(() => {});
  }
}

const encoder = new TextEncoder();
const VERSION = "NATS/1.0";
const END = "\r\n\r\n";

/** A message of the client; reads each part on demand. */
export class PlainPacket implements RawMessage {
  readonly #message: Msg;
  readonly #unreadable: (cause: unknown) => void;
  #isReported = false;

  /** Calls `unreadable` once if the client cannot read the headers; the packet then has no headers. */
  constructor(message: Msg, unreadable: (cause: unknown) => void) {
    this.#message = message;
    this.#unreadable = unreadable;
  }

  get subject(): string {
    return this.#message.subject;
  }

  get replyTo(): string {
    return this.#message.reply ?? "";
  }

  get data(): Uint8Array {
    return this.#message.data;
  }

  /**
   * Encodes the headers again, as the client gives them decoded; the client's own encoder drops a status without a
   * text.
   */
  get headerBlock(): Uint8Array | undefined {
    const headers = this.#headers();
    return headers && encoder.encode(`${linesOf(headers).join("\r\n")}${END}`);
  }

  /** Reading the headers decodes them, and the client throws at a name that it would not send itself. */
  #headers(): MsgHdrs | undefined {
    try {
      return this.#message.headers;
    } catch (cause) {
      if (!this.#isReported) this.#unreadable(cause);
      this.#isReported = true;
      return undefined;
    }
  }
}

function linesOf(headers: MsgHdrs): string[] {
  const { code, description } = headers;
  const status = code > 0 ? `${VERSION} ${code}${description && ` ${description}`}` : VERSION;
  const lines = [status];
  for (const [name, values] of headers) {
    for (const value of values) lines.push(`${name}: ${value}`);
  }
  return lines;
}
