import type { StoredMessage } from "../message.ts";
import { type Interest as Indexed, Sublist } from "../../sublist.ts";
import type { ConsumerLimits } from "./config.ts";

/** A consumer as its stream sees it. */
export interface StreamConsumer {
  readonly name: string;
  /**
   * The filter subjects; none means all. They change only while the consumer is not in the stream's {@linkcode
   * Interest}.
   */
  readonly subjects: readonly string[];
  /** Whether lists and counts leave it out, because it only serves another stream. */
  readonly isHidden: boolean;
  /** Whether it counts against the stream's limit of consumers. */
  readonly isLimited: boolean;
  /** Whether it would deliver messages of the subject. */
  wants(subject: string): boolean;
  /**
   * Whether it has yet to deliver the message or to get its acknowledgement. A stream of interest or work queue
   * retention keeps the message until no consumer needs it.
   */
  needs(message: StoredMessage): boolean;
  /** Whether its configuration exceeds the stream's consumer limits. */
  exceeds(limits: ConsumerLimits): boolean;
  /** Called for each message stored. */
  stored(message: StoredMessage): void;
  /** Called for each message removed: deleted, expired, acknowledged by all, or over a limit. */
  removed(message: StoredMessage): void;
  /**
   * Called for a bulk removal: the messages that match the filter (empty for all) below the first one left of it, and
   * all messages below the stream's first.
   */
  purged(filter: string): void;
  /** Called when the stream is deleted. */
  ended(): void;
}

/** A filter subject of a consumer. */
interface Wanted extends Indexed {
  readonly consumer: StreamConsumer;
}

/** A stream's consumers, by name and by filter subject. */
export class Interest {
  readonly #consumers = new Map<string, StreamConsumer>();
  readonly #wanted = new Map<StreamConsumer, readonly Wanted[]>();
  readonly #index = new Sublist<Wanted>();

  /** The number of consumers that are not hidden. */
  get size(): number {
    return this.all().filter(({ isHidden }) => !isHidden).length;
  }

  /** The number of consumers that count against the stream's limit. */
  get limited(): number {
    return this.all().filter(({ isLimited }) => isLimited).length;
  }

  /** Whether there is no consumer, hidden ones included. */
  get isEmpty(): boolean {
    return this.#consumers.size === 0;
  }

  /** All consumers, in order of creation. */
  all(): readonly StreamConsumer[] {
    return [...this.#consumers.values()];
  }

  /** The consumer of that name. */
  get(name: string): StreamConsumer | undefined {
    return this.#consumers.get(name);
  }

  /** Adds a consumer, replacing the one of its name. */
  add(consumer: StreamConsumer): void {
    const known = this.#consumers.get(consumer.name);
    if (known) this.remove(known);
    this.#consumers.set(consumer.name, consumer);
    const subjects = consumer.subjects.length > 0 ? consumer.subjects : [">"];
    const wanted = subjects.map((subject) => ({ subject, queue: undefined, consumer }));
    this.#wanted.set(consumer, wanted);
    for (const one of wanted) this.#index.insert(one);
  }

  /** Removes a consumer. */
  remove(consumer: StreamConsumer): void {
    if (this.#consumers.get(consumer.name) !== consumer) return;
    this.#consumers.delete(consumer.name);
    for (const one of this.#wanted.get(consumer) ?? []) this.#index.remove(one);
    this.#wanted.delete(consumer);
  }

  /** Whether any consumer would deliver messages of the subject. */
  wants(subject: string): boolean {
    return this.#of(subject).length > 0;
  }

  /** Whether any consumer still needs the message. */
  needs(message: StoredMessage): boolean {
    return this.#of(message.subject).some(({ consumer }) => consumer.needs(message));
  }

  /** Notifies consumers of a stored message. */
  stored(message: StoredMessage): void {
    for (const consumer of this.#each(message.subject)) consumer.stored(message);
  }

  /** Notifies consumers of a removed message. */
  removed(message: StoredMessage): void {
    for (const consumer of this.#each(message.subject)) consumer.removed(message);
  }

  /** Notifies consumers of a bulk removal. */
  purged(filter: string): void {
    for (const consumer of this.all()) consumer.purged(filter);
  }

  #of(subject: string): readonly Wanted[] {
    return this.#index.match(subject).plain;
  }

  /** Each interested consumer once, even if several of its filters match. */
  #each(subject: string): Iterable<StreamConsumer> {
    const wanted = this.#of(subject);
    const [only] = wanted;
    if (wanted.length <= 1) return only ? [only.consumer] : [];
    return new Set(wanted.map(({ consumer }) => consumer));
  }
}
