import { platformClock, type Timer } from "./clock.ts";
import { print } from "./legible.ts";
import { Queue } from "./queue.ts";

/**
 * What a broker does now: `idle` before the first connect, and after one that failed; `connecting`; `ready` while the
 * connection is up; `reconnecting` after it broke; `draining` while it stops; `closed` once it has stopped.
 *
 * @example From `connect()` and `start()` to `stop()`
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { EmbeddedServer } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await EmbeddedServer.start();
 * const broker = new NatsBroker(server.url);
 * broker.subscriber("greet", () => "Hello");
 * assertEquals(broker.state, "idle");
 * await broker.connect(); // publishes and requests from now on
 * assertEquals(broker.state, "ready");
 * await broker.start(); // gets messages from now on
 * assertEquals((await broker.request("greet")).body, "Hello");
 * await broker.stop();
 * assertEquals(broker.state, "closed");
 * ```
 */
export type BrokerState =
  | "idle"
  | "connecting"
  | "ready"
  | "reconnecting"
  | "draining"
  | "closed";

/** The state after an event; other events change none. */
const STATES: Partial<Record<BrokerEvent["type"], BrokerState>> = {
  connected: "ready",
  disconnected: "reconnecting",
  stopping: "draining",
  closed: "closed",
};

/**
 * An event of a connection, or of a subscriber or session that uses it; `broker.events()` yields them.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * const events = broker.events();
 * {
 *   await using _test = await TestBroker.start(broker);
 * }
 * const types = [];
 * for await (const { type } of events) types.push(type);
 * assertEquals(types, ["connected", "started", "stopping", "closed"]);
 * ```
 */
export type BrokerEvent =
  | { readonly type: "connected"; readonly server: string; readonly reconnects: number }
  | {
    readonly type: "disconnected";
    readonly server: string;
    /**
     * How many published messages the server had not confirmed: each of them may be lost. The broker holds unsent
     * messages and sends them after the reconnect; a caller whose answer is lost gets a `TimeoutError`.
     */
    readonly unconfirmed: number;
  }
  | { readonly type: "reconnecting"; readonly attempt: number }
  | {
    readonly type: "slowConsumer";
    readonly subject: string;
    /** How many messages this consumer has dropped so far. */
    readonly dropped: number;
  }
  | { readonly type: "lameDuck"; readonly server: string }
  | {
    /** The server has refused a subscription that stays registered; the broker retries it from time to time. */
    readonly type: "subscriptionLost";
    readonly subject: string;
    /** The reason of the refusal: a `PermissionError` or a `SubscriptionError`. */
    readonly error: Error;
  }
  | {
    /** The server has accepted a lost subscription again: messages sent from now on arrive. */
    readonly type: "subscriptionRestored";
    readonly subject: string;
  }
  | {
    /** All handlers and readers are subscribed, and `start()` resolves. */
    readonly type: "started";
    readonly server: string;
    /** The version of the server. */
    readonly version: string;
    /** The number of handlers and readers. */
    readonly subscribers: number;
  }
  | {
    /** `stop()` was called, and waits for running handlers. */
    readonly type: "stopping";
    /** How many messages handlers are handling, or wait for their handler. */
    readonly handlers: number;
    /** How many sessions and streams are open. */
    readonly sessions: number;
  }
  | {
    readonly type: "error";
    readonly error: Error;
    /** The subject of the handled or sent message. */
    readonly subject?: string;
    /** The pattern of the subscriber that handled it. */
    readonly pattern?: string;
    /** The id that the messages of one piece of work share. */
    readonly correlationId?: string;
    /**
     * How often the server has sent this error so far, from the second time on. In a flood the broker emits the first
     * ten within ten seconds, then the hundredth, the thousandth and so on.
     */
    readonly count?: number;
  }
  | { readonly type: "closed"; readonly error: Error | undefined };

/** Whether to report this repetition: the first, the tenth, the hundredth, as a peer may cause any number of them. */
export function isPowerOfTen(count: number): boolean {
  return Number.isInteger(Math.log10(count));
}

/** The most unread events of one reader, as a reader may stop reading. */
const LONGEST = 1_024;

/** Gets each event in the turn in which it happens. */
export interface EventListener {
  /** Whether it only shows events, and so gets no repeated ones. */
  readonly isAudience?: boolean;
  notice(event: BrokerEvent): void;
}

/** Passes events to listeners at once, and to iterators in order. */
export class EventFeed {
  readonly #listeners = new Set<EventListener>();

  #state: BrokerState = "idle";

  /** Calls every listener before it returns; an event that `isRepeated` goes only to listeners that act on it. */
  emit(event: BrokerEvent, isRepeated = false): void {
    // a connection may break, or come back, while the broker stops
    if (this.#state !== "draining" || event.type === "closed") {
      this.#state = STATES[event.type] ?? this.#state;
    }
    for (const listener of [...this.#listeners]) {
      if (isRepeated && listener.isAudience) continue;
      try {
        listener.notice(event);
      } catch (error) {
        // a failing listener must not interrupt the caller or the other listeners
        print(error);
      }
    }
  }

  /** Adds a listener object, which needs no memory besides its place. */
  add(listener: EventListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: EventListener): void {
    this.#listeners.delete(listener);
  }

  /** Listens until the returned function is called. */
  listen(notice: (event: BrokerEvent) => void, isAudience = false): () => void {
    const listener = { notice, isAudience };
    this.add(listener);
    return () => this.remove(listener);
  }

  /** What the broker does now. */
  get state(): BrokerState {
    return this.#state;
  }

  /** Notes that the broker connects, and opens the feed again after `closed`. */
  open(): void {
    this.#state = "connecting";
  }

  /** Notes that the first connect has failed. */
  fail(): void {
    if (this.#state === "connecting") this.#state = "idle";
  }

  /**
   * Events from now on; ends with `closed`; on a closed feed it ends at once, unless the feed opens again in this turn.
   * A reader that falls far behind loses the oldest events.
   */
  iterate(): AsyncIterableIterator<BrokerEvent> {
    return new EventReader(this, () => this.#state === "closed");
  }
}

/** The unread events of one loop. */
class EventReader implements AsyncIterableIterator<BrokerEvent> {
  readonly #unread = new Queue<BrokerEvent>();
  readonly #leave: () => void;

  /** On a closed feed: checks, after this turn, whether the feed has opened again. */
  #timer: Timer | undefined;

  constructor(feed: EventFeed, isClosed: () => boolean) {
    this.#leave = feed.listen((event) => this.#take(event), true);
    if (isClosed()) this.#timer = platformClock.setTimeout(() => isClosed() && this.#end(), 0);
  }

  async next(): Promise<IteratorResult<BrokerEvent>> {
    const event = this.#unread.shift() ?? await this.#unread.wait({}, "read an event");
    return event ? { done: false, value: event } : { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<BrokerEvent>> {
    this.#unread.clear();
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #take(event: BrokerEvent): void {
    if (!this.#unread.hand(event)) this.#unread.push(event, 0);
    if (this.#unread.length > LONGEST) this.#unread.shift();
    if (event.type === "closed") this.#end();
  }

  #end(): void {
    this.#timer?.clear();
    this.#leave();
    this.#unread.end();
  }
}
