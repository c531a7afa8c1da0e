import type { StoredMessage } from "../message.ts";
import type { ConsumerLimits } from "./config.ts";

/** What a stream asks of a consumer, and tells it. */
export interface StreamConsumer {
  readonly name: string;
  /** Would it deliver messages of the subject? */
  wants(subject: string): boolean;
  /** Has it yet to deliver the message, or to hear of it? Only then a stream that keeps what is needed keeps it. */
  needs(message: StoredMessage): boolean;
  /** Is it beyond limits that its stream would have for consumers? */
  exceeds(limits: ConsumerLimits): boolean;
  /** A message was stored. */
  stored(message: StoredMessage): void;
  /** A message is gone: deleted, expired, acknowledged by all, or too much. */
  removed(message: StoredMessage): void;
  /**
   * Many messages are gone at once: those of the filter (an empty one is all) below its first sequence that is left,
   * and all below the stream's first.
   */
  purged(filter: string): void;
  /** The stream has another configuration. */
  updated(): void;
  /** The stream is gone. */
  ended(): void;
}

/** The consumers of a stream by their names. */
export class Interest {
  readonly #consumers = new Map<string, StreamConsumer>();

  /** How many there are. */
  get size(): number {
    return this.#consumers.size;
  }

  /** All, in the order in which they came. */
  all(): readonly StreamConsumer[] {
    return [...this.#consumers.values()];
  }

  /** The one of that name. */
  get(name: string): StreamConsumer | undefined {
    return this.#consumers.get(name);
  }

  /** Adds one, in place of one with its name. */
  add(consumer: StreamConsumer): void {
    this.#consumers.set(consumer.name, consumer);
  }

  /** Removes one. */
  remove(consumer: StreamConsumer): void {
    if (this.#consumers.get(consumer.name) === consumer) this.#consumers.delete(consumer.name);
  }

  /** Would any of them deliver messages of the subject? */
  wants(subject: string): boolean {
    for (const consumer of this.#consumers.values()) if (consumer.wants(subject)) return true;
    return false;
  }

  /** Does any of them still need the message? */
  needs(message: StoredMessage): boolean {
    for (const consumer of this.#consumers.values()) if (consumer.needs(message)) return true;
    return false;
  }

  /** Tells all of a message that was stored. */
  stored(message: StoredMessage): void {
    for (const consumer of this.#consumers.values()) consumer.stored(message);
  }

  /** Tells all of a message that is gone. */
  removed(message: StoredMessage): void {
    for (const consumer of this.#consumers.values()) consumer.removed(message);
  }

  /** Tells all of many that are gone. */
  purged(filter: string): void {
    for (const consumer of this.all()) consumer.purged(filter);
  }
}
