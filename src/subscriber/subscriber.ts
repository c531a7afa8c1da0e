import type { Connection, Interest, Taker } from "../connection/connection.ts";
import type { EventFeed } from "../connection/events.ts";
import type { Packet } from "../message/packet.ts";
import type { Pattern } from "../subject/pattern.ts";
import { Delivery } from "./delivery.ts";
import type { Handler } from "./handler.ts";
import { Intake, type Worker } from "./intake.ts";
import type { SubscriberSettings } from "./subscriber_options.ts";

/** A handler on a subject; made by `broker.subscriber()`, subscribed by `broker.start()`. */
export interface Subscriber {
  /** The pattern it was made with. */
  readonly pattern: string;
  /** What the server is asked for: every parameter of the pattern is a `*`. */
  readonly subject: string;
}

/** What a handler runs in. */
export interface Surroundings {
  readonly connection: Connection;
  readonly feed: EventFeed;
  /** Aborts when the broker stops and time is up. */
  readonly signal: () => AbortSignal;
}

/** A subscriber on a connection. */
export class HandlerSubscriber implements Subscriber, Taker, Worker {
  readonly pattern: string;
  readonly subject: string;
  readonly #settings: SubscriberSettings;
  readonly #surroundings: Surroundings;
  readonly #delivery: Delivery;
  readonly #intake: Intake;
  #interest: Interest | undefined;
  #refusal: Error | undefined;
  #dropped = 0;

  constructor(
    pattern: Pattern,
    settings: SubscriberSettings,
    handler: Handler,
    surroundings: Surroundings,
  ) {
    const { connection, feed, signal } = surroundings;
    const path = { pattern, schema: settings.schema, handler };
    this.pattern = pattern.text;
    this.subject = pattern.subject;
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#delivery = new Delivery(connection, feed, path, signal);
    this.#intake = new Intake(this, settings.concurrency, settings.bounds);
  }

  /** Why the server did not take the subscription; known once the connection is flushed. */
  get refusal(): Error | undefined {
    return this.#refusal;
  }

  /** Subscribes; the server has it once the connection is flushed. */
  listen(): void {
    const { connection } = this.#surroundings;
    this.#refusal = undefined;
    this.#interest ??= connection.subscribe(this.subject, this, this.#settings.queue);
  }

  /** Takes in nothing new, and resolves once everything taken has been seen through. */
  async leave(): Promise<void> {
    const interest = this.#interest;
    this.#interest = undefined;
    await interest?.drain();
    await this.#intake.drained();
  }

  take(packet: Packet): void {
    this.#intake.take(packet);
  }

  refused(error: Error): void {
    this.#interest = undefined;
    this.#refusal = error;
  }

  run(packet: Packet): Promise<void> {
    return this.#delivery.run(packet);
  }

  overflow(packet: Packet): void {
    const dropped = ++this.#dropped;
    const { subject } = this;
    this.#surroundings.feed.emit({ type: "slowConsumer", subject, dropped });
    this.#delivery.refuse(packet, 429, "Too many requests");
  }
}
