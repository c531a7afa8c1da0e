import { platformClock, type Timer } from "../clock.ts";
import { print } from "../thrown.ts";

/** What happens to a connection and to what runs over it. */
export type BrokerEvent =
  | { readonly type: "connected"; readonly server: string; readonly reconnects: number }
  | {
    readonly type: "disconnected";
    readonly server: string;
    /**
     * How many published messages were on their way, not known to have come to the server: each of them may be lost. What
     * had not left yet is held, and sent after the reconnect; whoever waits for an answer is told by its timeout.
     */
    readonly unconfirmed: number;
  }
  | { readonly type: "reconnecting"; readonly attempt: number }
  | {
    readonly type: "slowConsumer";
    readonly subject: string;
    /** How many messages this consumer has lost so far. */
    readonly dropped: number;
  }
  | { readonly type: "lameDuck"; readonly server: string }
  | {
    /** The server has refused a subscription that stays registered: it is subscribed again now and then. */
    readonly type: "subscriptionLost";
    readonly subject: string;
    /** What the server refused it for: a `PermissionError` or a `SubscriptionError`. */
    readonly error: Error;
  }
  | {
    /** The server has taken a subscription that was lost: what is sent from now on arrives. */
    readonly type: "subscriptionRestored";
    readonly subject: string;
  }
  | {
    /** The handlers and readers are subscribed: `start()` resolves. */
    readonly type: "started";
    readonly server: string;
    /** Of the server. */
    readonly version: string;
    /** How many handlers and readers there are. */
    readonly subscribers: number;
  }
  | {
    /** `stop()` was called, and waits for what is at work. */
    readonly type: "stopping";
    /** How many messages are being handled, or wait for their handler. */
    readonly handlers: number;
    /** How many sessions and streams are open. */
    readonly sessions: number;
  }
  | {
    readonly type: "error";
    readonly error: Error;
    /** The subject of the message that was being handled or sent. */
    readonly subject?: string;
    /** The pattern of the subscriber that handled it. */
    readonly pattern?: string;
    /** What the messages of one piece of work share. */
    readonly correlationId?: string;
    /**
     * How often the server has said this by now, from the second time on. In a flood there is an event for each of the first
     * ten within ten seconds, then for the hundredth, the thousandth and so on.
     */
    readonly count?: number;
  }
  | { readonly type: "closed"; readonly error: Error | undefined };

/** A reader that never comes back must not grow without bound; events are few. */
const LONGEST = 1_024;

/** Somebody who is told of each event, in the turn in which it happens. */
export interface EventListener {
  /** Whether it only shows events, and so is spared those that repeat. */
  readonly isAudience?: boolean;
  notice(event: BrokerEvent): void;
}

/** Tells everyone who listens, at once, and everyone who iterates, in order. */
export class EventFeed {
  readonly #listeners = new Set<EventListener>();

  #isClosed = false;

  /** Calls every listener before it returns; one that `isRepeated` only those who work by it. */
  emit(event: BrokerEvent, isRepeated = false): void {
    if (event.type === "closed") this.#isClosed = true;
    for (const listener of [...this.#listeners]) {
      if (isRepeated && listener.isAudience) continue;
      try {
        listener.notice(event);
      } catch (error) {
        // the caller is in the middle of its own work, and those behind must hear of it too
        print(error);
      }
    }
  }

  /** Has somebody listen who takes up no more than a place. */
  add(listener: EventListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: EventListener): void {
    this.#listeners.delete(listener);
  }

  /** Listens until the function it gives is called. */
  listen(notice: (event: BrokerEvent) => void, isAudience = false): () => void {
    const listener = { notice, isAudience };
    this.add(listener);
    return () => this.remove(listener);
  }

  /** There are events to come, also after `closed`. */
  open(): void {
    this.#isClosed = false;
  }

  /** Events from now on; ends with `closed`, and at once after it unless it opens again in this turn. A reader that falls far behind loses the oldest. */
  iterate(): AsyncIterableIterator<BrokerEvent> {
    return new EventReader(this, () => this.#isClosed);
  }
}

/** What one reader has not read yet, or the calls of `next` that wait for it: never both. */
class EventReader implements AsyncIterableIterator<BrokerEvent> {
  readonly #events: BrokerEvent[] = [];
  readonly #calls: ((event: BrokerEvent | undefined) => void)[] = [];
  readonly #leave: () => void;
  #ended = false;

  /** Whether the broker that was closed is to open again; looked at once the turn that made this is over. */
  #timer: Timer | undefined;

  constructor(feed: EventFeed, isClosed: () => boolean) {
    this.#leave = feed.listen((event) => this.#take(event), true);
    if (isClosed()) this.#timer = platformClock.setTimeout(() => isClosed() && this.#end(), 0);
  }

  next(): Promise<IteratorResult<BrokerEvent>> {
    const event = this.#events.shift();
    if (event || this.#ended) return Promise.resolve(resultOf(event));
    return new Promise((resolve) => this.#calls.push((event) => resolve(resultOf(event))));
  }

  return(): Promise<IteratorResult<BrokerEvent>> {
    this.#events.length = 0;
    this.#end();
    return Promise.resolve(resultOf(undefined));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(event: BrokerEvent): void {
    const call = this.#calls.shift();
    if (call) call(event);
    else if (this.#events.push(event) > LONGEST) this.#events.shift();
    if (event.type === "closed") this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#timer?.clear();
    this.#leave();
    for (const call of this.#calls.splice(0)) call(undefined);
  }
}

function resultOf(event: BrokerEvent | undefined): IteratorResult<BrokerEvent> {
  return event ? { done: false, value: event } : { done: true, value: undefined };
}
