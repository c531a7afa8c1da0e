import type { Line, LineSubscription, Listener } from "../line/line.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { fromClientError } from "./client_errors.ts";
import type { Report } from "./error_reports.ts";

/** A subscription on the server. */
export interface ServerSubscription {
  /** Ends the subscription at once, and drops messages on their way. */
  unsubscribe(): void;
  /** Ends the subscription; resolves once the sink has got all messages on their way. */
  drain(): Promise<void>;
}

/** Takes the packets of a subscription; the socket's reader calls it, so it must be quick. */
export interface MessageSink {
  take(packet: RawMessage): void;
  /** The server refused the subscription, or has taken it away. */
  refused(error: Error): void;
  /**
   * Whether to retry a refused subscription from time to time, until its owner unsubscribes.
   *
   * @default {false}
   */
  readonly retryRefused?: boolean;
  /** The server has accepted the subscription after a refusal. */
  restored?(): void;
}

/** Gets the events of subscriptions. */
export interface SubscriptionWatch {
  /** The subscription was sent to the server. */
  subscribed(subscription: KeptSubscription): void;
  /** The server has refused the subject, and the sink knows. */
  refused(subscription: KeptSubscription, error: Error): void;
  /** The owner has ended a refused subscription. */
  ended(subscription: KeptSubscription): void;
}

/** All subscriptions of a connection: each new line gets them before anything else. */
export class Subscriptions {
  readonly report: Report;
  readonly watch: SubscriptionWatch;
  /** All subscriptions but refused ones and those that their owner has ended. */
  readonly active = new Set<KeptSubscription>();
  line: Line | undefined;

  constructor(watch: SubscriptionWatch, report: Report) {
    this.watch = watch;
    this.report = report;
  }

  /** Subscribes; the server has the subscription once a flush resolves. */
  subscribe(subject: string, sink: MessageSink, queue?: string): ServerSubscription {
    const subscription = new KeptSubscription(this, subject, sink, queue);
    subscription.resubscribe();
    return subscription;
  }

  /** The subscription with this number on the wire. */
  numbered(sid: number): KeptSubscription | undefined {
    for (const subscription of this.active) if (subscription.sid === sid) return subscription;
  }

  /** Repeats all subscriptions on a new line. */
  connected(line: Line): void {
    this.line = line;
    for (const subscription of this.active) subscription.connected(line);
  }

  /** The line has ended, and its subscriptions with it. */
  disconnected(): void {
    this.line = undefined;
    for (const subscription of this.active) subscription.disconnected();
  }

  /** The connection is closed for good. */
  close(): void {
    this.disconnected();
    this.active.clear();
  }
}

/** One subscription, across all its lines. */
export class KeptSubscription implements ServerSubscription, Listener {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly #owner: Subscriptions;
  readonly #sink: MessageSink;
  #current: LineSubscription | undefined;
  #state: "active" | "refused" | "ended" = "refused";

  constructor(
    owner: Subscriptions,
    subject: string,
    sink: MessageSink,
    queue: string | undefined,
  ) {
    this.#owner = owner;
    this.subject = subject;
    this.#sink = sink;
    this.queue = queue;
  }

  /** `active`: each line subscribes it; `refused`: the server said no; `ended`: its owner has unsubscribed. */
  get state(): "active" | "refused" | "ended" {
    return this.#state;
  }

  get sid(): number | undefined {
    return this.#current?.sid;
  }

  isOf(sink: MessageSink): boolean {
    return this.#sink === sink;
  }

  get retryRefused(): boolean {
    return this.#state === "refused" && this.#sink.retryRefused === true;
  }

  take(packet: RawMessage): void {
    try {
      this.#sink.take(packet);
    } catch (error) {
      // an exception in the socket's reader would end the line
      this.#owner.report(error as Error);
    }
  }

  /** The line reports that the server has refused the subject. */
  refused(error: Error): void {
    // the server may still refuse a subscription that is ending, which must not come back
    if (this.#state === "ended") return;
    const refusal = fromClientError(error);
    this.#delist();
    this.#report(refusal);
    this.#owner.watch.refused(this, refusal);
  }

  /** The server has refused it, as the tracker has found out: tells the sink. */
  markRefused(error: Error): void {
    this.#current?.unsubscribe();
    this.#delist();
    this.#report(error);
  }

  /** The server has accepted it again: tells the sink. */
  reportRestored(): void {
    try {
      this.#sink.restored?.();
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }

  /** Subscribes again, after it has unsubscribed what the server may still have. */
  resubscribe(): void {
    if (this.#state === "ended") return;
    this.#current?.unsubscribe();
    this.#current = undefined;
    this.#state = "active";
    const { active, line, watch } = this.#owner;
    active.add(this);
    if (!line) return;
    this.connected(line);
    watch.subscribed(this);
  }

  unsubscribe(): void {
    this.#end();
    this.#current?.unsubscribe();
    this.#current = undefined;
  }

  async drain(): Promise<void> {
    this.#end();
    const current = this.#current;
    await current?.drain();
    if (this.#current === current) this.#current = undefined;
  }

  connected(line: Line): void {
    this.#current = line.subscribe(this);
  }

  disconnected(): void {
    this.#current = undefined;
  }

  #delist(): void {
    this.#state = "refused";
    this.#current = undefined;
    this.#owner.active.delete(this);
  }

  #end(): void {
    if (this.#state === "refused") this.#owner.watch.ended(this);
    this.#state = "ended";
    this.#owner.active.delete(this);
  }

  #report(error: Error): void {
    try {
      this.#sink.refused(error);
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }
}
