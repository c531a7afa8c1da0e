import type { StoredMessage } from "../message.ts";
import { type Interest as Indexed, Sublist } from "../../sublist.ts";
import type { ConsumerLimits } from "./config.ts";

/** What a stream asks of a consumer, and tells it. */
export interface StreamConsumer {
  readonly name: string;
  /** The subjects that it is limited to; none where it is not. They change only while it is not among the others. */
  readonly subjects: readonly string[];
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
  /** The stream is gone. */
  ended(): void;
}

/** A subject that a consumer delivers. */
interface Wanted extends Indexed {
  readonly consumer: StreamConsumer;
}

/** The consumers of a stream by their names, and by the subjects that they deliver. */
export class Interest {
  readonly #consumers = new Map<string, StreamConsumer>();
  readonly #wanted = new Map<StreamConsumer, readonly Wanted[]>();
  readonly #index = new Sublist<Wanted>();

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
    const known = this.#consumers.get(consumer.name);
    if (known) this.remove(known);
    this.#consumers.set(consumer.name, consumer);
    const subjects = consumer.subjects.length > 0 ? consumer.subjects : [">"];
    const wanted = subjects.map((subject) => ({ subject, queue: undefined, consumer }));
    this.#wanted.set(consumer, wanted);
    for (const one of wanted) this.#index.insert(one);
  }

  /** Removes one. */
  remove(consumer: StreamConsumer): void {
    if (this.#consumers.get(consumer.name) !== consumer) return;
    this.#consumers.delete(consumer.name);
    for (const one of this.#wanted.get(consumer) ?? []) this.#index.remove(one);
    this.#wanted.delete(consumer);
  }

  /** Would any of them deliver messages of the subject? */
  wants(subject: string): boolean {
    return this.#of(subject).length > 0;
  }

  /** Does any of them still need the message? */
  needs(message: StoredMessage): boolean {
    return this.#of(message.subject).some(({ consumer }) => consumer.needs(message));
  }

  /** Tells all of a message that was stored. */
  stored(message: StoredMessage): void {
    for (const consumer of this.#each(message.subject)) consumer.stored(message);
  }

  /** Tells all of a message that is gone. */
  removed(message: StoredMessage): void {
    for (const consumer of this.#each(message.subject)) consumer.removed(message);
  }

  /** Tells all of many that are gone. */
  purged(filter: string): void {
    for (const consumer of this.all()) consumer.purged(filter);
  }

  #of(subject: string): readonly Wanted[] {
    return this.#index.match(subject).plain;
  }

  /** Each of them once, also where several of its subjects match. */
  #each(subject: string): Iterable<StreamConsumer> {
    const wanted = this.#of(subject);
    const [only] = wanted;
    if (wanted.length <= 1) return only ? [only.consumer] : [];
    return new Set(wanted.map(({ consumer }) => consumer));
  }
}
