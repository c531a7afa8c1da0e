import type { Line, Listener, Ticket } from "../line/line.ts";
import type { RawMessage } from "../message/raw_message.ts";
import { clientFault } from "./client_errors.ts";
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
  readonly comesBack?: boolean;
  /** The server has accepted the subscription after a refusal. */
  restored?(): void;
}

/** Gets the events of entries. */
export interface EntryWatch {
  /** The entry was sent to the server. */
  subscribed(entry: Entry): void;
  /** The server has refused the entry's subject, and the sink knows. */
  refused(entry: Entry, error: Error): void;
  /** The owner has unsubscribed a refused entry. */
  left(entry: Entry): void;
}

/** All subscriptions of a connection: each new line gets them before anything else. */
export class Subscriptions {
  readonly report: Report;
  readonly watch: EntryWatch;
  readonly entries = new Set<Entry>();
  line: Line | undefined;

  constructor(watch: EntryWatch, report: Report) {
    this.watch = watch;
    this.report = report;
  }

  /** Subscribes; the server has the subscription once a flush resolves. */
  subscribe(subject: string, sink: MessageSink, queue?: string): ServerSubscription {
    const entry = new Entry(this, subject, sink, queue);
    entry.resubscribe();
    return entry;
  }

  /** The subscription with this number on the wire. */
  numbered(sid: number): Entry | undefined {
    for (const entry of this.entries) if (entry.sid === sid) return entry;
  }

  /** Repeats all subscriptions on a new line. */
  raise(line: Line): void {
    this.line = line;
    for (const entry of this.entries) entry.raise(line);
  }

  /** The line has ended, and its subscriptions with it. */
  lower(): void {
    this.line = undefined;
    for (const entry of this.entries) entry.lower();
  }

  /** The connection is closed for good. */
  clear(): void {
    this.lower();
    this.entries.clear();
  }
}

/** One subscription, across all its lines. */
export class Entry implements ServerSubscription, Listener {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly #owner: Subscriptions;
  readonly #sink: MessageSink;
  #ticket: Ticket | undefined;
  #state: "listed" | "refused" | "left" = "refused";

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

  /** `listed`: the server has been told of it; `refused`: it said no; `left`: its owner has unsubscribed. */
  get state(): "listed" | "refused" | "left" {
    return this.#state;
  }

  get sid(): number | undefined {
    return this.#ticket?.sid;
  }

  isOf(sink: MessageSink): boolean {
    return this.#sink === sink;
  }

  get comesBack(): boolean {
    return this.#state === "refused" && this.#sink.comesBack === true;
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
    if (this.#state === "left") return;
    const fault = clientFault(error);
    this.#delist();
    this.#tell(fault);
    this.#owner.watch.refused(this, fault);
  }

  /** The server has refused it: tells the sink. */
  refuse(error: Error): void {
    this.#ticket?.unsubscribe();
    this.#delist();
    this.#tell(error);
  }

  /** The server has it again: tells the sink. */
  restore(): void {
    try {
      this.#sink.restored?.();
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }

  /** Tells the server of it once more; of one that it may have, first that it has ended. */
  resubscribe(): void {
    if (this.#state === "left") return;
    this.#ticket?.unsubscribe();
    this.#ticket = undefined;
    this.#state = "listed";
    const { entries, line, watch } = this.#owner;
    entries.add(this);
    if (!line) return;
    this.raise(line);
    watch.subscribed(this);
  }

  unsubscribe(): void {
    this.#leave();
    this.#ticket?.unsubscribe();
    this.#ticket = undefined;
  }

  async drain(): Promise<void> {
    this.#leave();
    const ticket = this.#ticket;
    await ticket?.drain();
    if (this.#ticket === ticket) this.#ticket = undefined;
  }

  raise(line: Line): void {
    this.#ticket = line.subscribe(this);
  }

  lower(): void {
    this.#ticket = undefined;
  }

  #delist(): void {
    this.#state = "refused";
    this.#ticket = undefined;
    this.#owner.entries.delete(this);
  }

  #leave(): void {
    if (this.#state === "refused") this.#owner.watch.left(this);
    this.#state = "left";
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
