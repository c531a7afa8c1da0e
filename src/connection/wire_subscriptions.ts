import type { WirePacket } from "../wire/wire_packet.ts";
import type { ListedSubscription, SubscribingProtocol } from "./client_protocol.ts";
import { clientFault } from "./faults.ts";
import {
  type Entry,
  type EntryWatch,
  type Interest,
  type Report,
  type Subscriptions,
  type Taker,
  UNWATCHED,
} from "./subscriptions.ts";

/** What a connection is subscribed to: entries in the client's list, which it tells every server that it connects to. */
export class WireSubscriptions implements Subscriptions {
  readonly protocol: SubscribingProtocol;
  readonly report: Report;
  readonly watch: EntryWatch;

  constructor(protocol: SubscribingProtocol, report: Report, watch = UNWATCHED) {
    this.protocol = protocol;
    this.report = report;
    this.watch = watch;
  }

  subscribe(subject: string, taker: Taker, queue?: string): Interest {
    const subscription = new WireSubscription(this, subject, taker, queue);
    this.protocol.subscribe(subscription);
    this.watch.subscribed(subscription);
    return subscription;
  }

  all(): readonly Entry[] {
    return this.protocol.subscriptions.all?.().filter((one) => one instanceof WireSubscription) ??
      [];
  }

  numbered(sid: number): Entry | undefined {
    const found = this.protocol.subscriptions.get(sid);
    return found instanceof WireSubscription ? found : undefined;
  }
}

/** An entry of the list; with one of the client's own, an open inbox took up three times as much. */
class WireSubscription implements Entry, ListedSubscription {
  sid = 0;
  max: number | undefined;
  readonly subject: string;
  readonly queue: string | undefined;
  readonly #owner: WireSubscriptions;
  readonly #taker: Taker;
  #state: Entry["state"] = "listed";

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

  get state(): Entry["state"] {
    return this.#state;
  }

  isOf(taker: Taker): boolean {
    return this.#taker === taker;
  }

  get comesBack(): boolean {
    return this.#state === "refused" && this.#taker.comesBack === true;
  }

  take(packet: WirePacket): void {
    try {
      this.#taker.take(packet);
    } catch (error) {
      // an exception while the socket is read would end the connection
      this.#owner.report(error as Error);
    }
  }

  /** The client tells of nothing but a refusal; it takes the entry off its list next. */
  callback(error: Error): void {
    // one that is being left may still be refused, and must not come back
    if (this.#state === "left") return;
    const fault = clientFault(error);
    this.#state = "refused";
    this.#tell(fault);
    this.#owner.watch.refused(this, fault);
  }

  close(): void {
    if (this.#state === "listed") this.#state = "left";
  }

  refuse(error: Error): void {
    this.#state = "refused";
    this.#owner.protocol.subscriptions.cancel(this);
    this.#tell(error);
  }

  restore(): void {
    try {
      this.#taker.restored?.();
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }

  resubscribe(): void {
    const { protocol, watch } = this.#owner;
    if (this.#state === "left") return;
    if (this.#state === "listed") protocol.unsubscribe(this);
    this.#state = "listed";
    protocol.subscribe(this);
    watch.subscribed(this);
  }

  unsubscribe(): void {
    if (this.#state === "listed") this.#owner.protocol.unsubscribe(this);
    else this.#leave();
  }

  async drain(): Promise<void> {
    if (this.#state !== "listed") return this.#leave();
    const { protocol } = this.#owner;
    protocol.unsub(this);
    this.#state = "left";
    try {
      await protocol.flush();
    } catch {
      // the connection has gone, and with it whatever was on its way
    }
    protocol.subscriptions.cancel(this);
  }

  #leave(): void {
    if (this.#state === "refused") this.#owner.watch.left(this);
    this.#state = "left";
  }

  #tell(error: Error): void {
    try {
      this.#taker.refused(error);
    } catch (error) {
      this.#owner.report(error as Error);
    }
  }
}
