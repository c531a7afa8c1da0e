import type { Line, Listener, Ticket } from "../line/line.ts";
import type { Packet } from "../message/packet.ts";
import { clientFault } from "./faults.ts";

/** A subscription on the server. */
export interface Interest {
  /** Gone at once, with whatever is on its way. */
  unsubscribe(): void;
  /** Nothing new is sent to us; resolves once what is on its way has been taken. */
  drain(): Promise<void>;
}

/** Who takes the packets of a subscription; called while the socket is read, so it must be quick. */
export interface Taker {
  take(packet: Packet): void;
  /** The server refused the subscription, or has taken it away. */
  refused(error: Error): void;
  /** Whether a refused one is subscribed again now and then, until its owner unsubscribes. @default {false} */
  readonly comesBack?: boolean;
  /** The server has taken it after all. */
  restored?(): void;
}

/** Told what becomes of entries. */
export interface EntryWatch {
  /** The server is told of it. */
  subscribed(entry: Entry): void;
  /** The server has refused it by its name, and its taker has been told. */
  refused(entry: Entry, error: Error): void;
  /** One that was refused is not wanted any more. */
  left(entry: Entry): void;
}

/** Told what a taker throws. */
export type Report = (error: Error, subject?: string) => void;

/** All that a connection is subscribed to: each line is told of it before anything else. */
export class Subscriptions {
  readonly report: Report;
  readonly watch: EntryWatch;
  readonly entries = new Set<Entry>();
  line: Line | undefined;

  constructor(watch: EntryWatch, report: Report) {
    this.watch = watch;
    this.report = report;
  }

  /** Subscribes; the server has it once a flush is through. */
  subscribe(subject: string, taker: Taker, queue?: string): Interest {
    const entry = new Entry(this, subject, taker, queue);
    entry.resubscribe();
    return entry;
  }

  /** The one with this number on the wire. */
  numbered(sid: number): Entry | undefined {
    for (const entry of this.entries) if (entry.sid === sid) return entry;
  }

  /** Tells a new line of all. */
  raise(line: Line): void {
    this.line = line;
    for (const entry of this.entries) entry.raise(line);
  }

  /** The line has ended, and with it all that it was told. */
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

/** One subscription, whichever lines it goes through. */
export class Entry implements Interest, Listener {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly #owner: Subscriptions;
  readonly #taker: Taker;
  #ticket: Ticket | undefined;
  #state: "listed" | "refused" | "left" = "refused";

  constructor(
    owner: Subscriptions,
    subject: string,
    taker: Taker,
    queue: string | undefined,
  ) {
    this.#owner = owner;
    this.subject = subject;
    this.#taker = taker;
    this.queue = queue;
  }

  /** `listed`: the server has been told of it; `refused`: it said no; `left`: its owner has unsubscribed. */
  get state(): "listed" | "refused" | "left" {
    return this.#state;
  }

  get sid(): number | undefined {
    return this.#ticket?.sid;
  }

  isOf(taker: Taker): boolean {
    return this.#taker === taker;
  }

  get comesBack(): boolean {
    return this.#state === "refused" && this.#taker.comesBack === true;
  }

  take(packet: Packet): void {
    try {
      this.#taker.take(packet);
    } catch (error) {
      // an exception while the socket is read would end the line
      this.#owner.report(error as Error);
    }
  }

  /** The line has been told that it is refused, and does not have it any more. */
  refused(error: Error): void {
    // one that is being left may still be refused, and must not come back
    if (this.#state === "left") return;
    const fault = clientFault(error);
    this.#delist();
    this.#tell(fault);
    this.#owner.watch.refused(this, fault);
  }

  /** The server has refused it: tells the taker. */
  refuse(error: Error): void {
    this.#ticket?.unsubscribe();
    this.#delist();
    this.#tell(error);
  }

  /** The server has it again: tells the taker. */
  restore(): void {
    try {
      this.#taker.restored?.();
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
      this.#taker.refused(error);
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }
}
