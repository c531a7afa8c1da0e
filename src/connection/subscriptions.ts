import type { Line, LineSubscription, Listener } from "../line/line.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { fromClientError } from "./client_errors.ts";
import type { Report } from "./error_reports.ts";

/** A subscription on the server. */
export interface ServerSubscription {
  /** Ends the subscription at once, and drops messages on their way. */
  unsubscribe(): void;
  /** Ends the subscription; resolves once the sink has got the messages on their way. */
  drain(): Promise<void>;
}

/** Takes the packets of a subscription; the socket's reader calls it, so it must be quick. */
export interface MessageSink {
  take(packet: RawMessage): void;
  /** The server refused the subscription, or has taken it away. */
  refused(error: Error): void;
  /** Whether to retry a refused subscription from time to time, until its owner unsubscribes. @default {false} */
  readonly retryRefused?: boolean;
  /** The server has accepted the subscription after a refusal. */
  restored?(): void;
}

/** Gets the events of entries. */
export interface SubscriptionWatch {
  /** The entry was sent to the server. */
  subscribed(entry: KeptSubscription): void;
  /** The server has refused the entry's subject, and the sink knows. */
  refused(entry: KeptSubscription, error: Error): void;
  /** The owner has unsubscribed a refused entry. */
  ended(entry: KeptSubscription): void;
}

/** All subscriptions of a connection: each new line gets them before anything else. */
export class Subscriptions {
  readonly report: Report;
  readonly watch: SubscriptionWatch;
  readonly entries = new Set<KeptSubscription>();
  line: Line | undefined;

  constructor(watch: SubscriptionWatch, report: Report) {
    this.watch = watch;
    this.report = report;
  }

  /** Subscribes; the server has the subscription once a flush resolves. */
  subscribe(subject: string, sink: MessageSink, queue?: string): ServerSubscription {
    const entry = new KeptSubscription(this, subject, sink, queue);
    entry.resubscribe();
    return entry;
  }

  /** The subscription with this number on the wire. */
  numbered(sid: number): KeptSubscription | undefined {
    for (const entry of this.entries) if (entry.sid === sid) return entry;
  }

  /** Repeats all subscriptions on a new line. */
  connected(line: Line): void {
    this.line = line;
    for (const entry of this.entries) entry.connected(line);
  }

  /** The line has ended, and its subscriptions with it. */
  disconnected(): void {
    this.line = undefined;
    for (const entry of this.entries) entry.disconnected();
  }

  /** The connection is closed for good. */
  close(): void {
    this.disconnected();
    this.entries.clear();
  }
}

/** One subscription, across all its lines. */
export class KeptSubscription implements ServerSubscription, Listener {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly #owner: Subscriptions;
  readonly #sink: MessageSink;
  #ticket: LineSubscription | undefined;
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

  /** `active`: the server has been told of it; `refused`: it said no; `ended`: its owner has unsubscribed. */
  get state(): "active" | "refused" | "ended" {
    return this.#state;
  }

  get sid(): number | undefined {
    return this.#ticket?.sid;
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

  /** The line has been told that it is refused, and does not have it any more. */
  refused(error: Error): void {
    // the server may still refuse an entry that is being left, which must not come back
    if (this.#state === "ended") return;
    const fault = fromClientError(error);
    this.#delist();
    this.#tell(fault);
    this.#owner.watch.refused(this, fault);
  }

  /** The server has refused it: tells the sink. */
  markRefused(error: Error): void {
    this.#ticket?.unsubscribe();
    this.#delist();
    this.#tell(error);
  }

  /** The server has it again: tells the sink. */
  reportRestored(): void {
    try {
      this.#sink.restored?.();
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }

  /** Tells the server of it once more; of one that it may have, first that it has ended. */
  resubscribe(): void {
    if (this.#state === "ended") return;
    this.#ticket?.unsubscribe();
    this.#ticket = undefined;
    this.#state = "active";
    const { entries, line, watch } = this.#owner;
    entries.add(this);
    if (!line) return;
    this.connected(line);
    watch.subscribed(this);
  }

  unsubscribe(): void {
    this.#end();
    this.#ticket?.unsubscribe();
    this.#ticket = undefined;
  }

  async drain(): Promise<void> {
    this.#end();
    const ticket = this.#ticket;
    await ticket?.drain();
    if (this.#ticket === ticket) this.#ticket = undefined;
  }

  connected(line: Line): void {
    this.#ticket = line.subscribe(this);
  }

  disconnected(): void {
    this.#ticket = undefined;
  }

  #delist(): void {
    this.#state = "refused";
    this.#ticket = undefined;
    this.#owner.entries.delete(this);
  }

  #end(): void {
    if (this.#state === "refused") this.#owner.watch.ended(this);
    this.#state = "ended";
    this.#owner.entries.delete(this);
  }

  #tell(error: Error): void {
    try {
      this.#sink.refused(error);
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }
}
