import { overlap } from "../subject.ts";
import { ApiError } from "./api/errors.ts";
import type { Context } from "./context.ts";
import { checkConfig } from "./stream/config_check.ts";
import { refuseCopies } from "./stream/config_copies.ts";
import type { StreamConfig, StreamConfigRequest } from "./stream/config.ts";
import { checkUpdate } from "./stream/config_update.ts";
import { isSameConfig, withLevel } from "./stream/metadata.ts";
import { Stream } from "./stream/stream.ts";

/** All streams by their names. */
export class Streams {
  readonly #context: Context;
  readonly #streams = new Map<string, Stream>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** All, in the order of their names. */
  all(): Stream[] {
    return [...this.#streams.values()].sort(({ name: one }, { name: other }) =>
      one < other ? -1 : 1
    );
  }

  /** Those that take in subjects of the filter; an empty one is all. */
  on(filter: string): Stream[] {
    if (filter === "") return this.all();
    return this.all().filter(({ config }) =>
      config.subjects.some((subject) => overlap(subject, filter))
    );
  }

  /** The one of that name; throws an {@linkcode ApiError} where there is none. */
  get(name: string): Stream {
    const stream = this.#streams.get(name);
    if (!stream) throw new ApiError("streamNotFound");
    return stream;
  }

  /** Makes one, or finds the one that is just like it. */
  create(said: StreamConfigRequest): Stream {
    const config = checkConfig(withLevel(said));
    refuseCopies(config);
    if (config.num_replicas > 1) throw new ApiError("streamReplicasNotSupported");
    const known = this.#streams.get(config.name);
    if (known && isSameConfig(known.config, config)) return known;
    if (known) throw new ApiError("streamNameExists");
    this.#checkReservation(config, 0);
    this.#checkOverlap(config);
    const stream = new Stream(this.#context, config);
    this.#streams.set(config.name, stream);
    stream.begin();
    return stream;
  }

  /** Changes one: what is not said is as in a stream that is new. */
  update(name: string, said: StreamConfigRequest): Stream {
    // the server looks at what is said before it looks for the stream
    const checked = checkConfig(said);
    if (checked.name !== name) throw new ApiError("streamMismatch");
    const stream = this.get(name);
    const config = checkUpdate(stream.config, checkConfig(withLevel(said)));
    refuseCopies(config);
    this.#checkReservation(config, Math.max(stream.config.max_bytes, 0));
    this.#checkConsumers(stream, config);
    this.#checkOverlap(config);
    stream.update(config);
    return stream;
  }

  /** Deletes one. */
  delete(name: string): void {
    const stream = this.get(name);
    this.#streams.delete(name);
    stream.delete();
  }

  /** Ends all timers and subscriptions. */
  stop(): void {
    for (const stream of this.#streams.values()) stream.stop();
  }

  /** How many bytes streams of a storage keep to themselves by their `max_bytes`. */
  reserved(storage: StreamConfig["storage"]): number {
    return this.all().filter(({ config }) => config.storage === storage)
      .reduce((sum, { config }) => sum + Math.max(config.max_bytes, 0), 0);
  }

  #checkReservation({ storage, max_bytes }: StreamConfig, own: number): void {
    const rest = this.#context.memory.most - this.reserved("file") - this.reserved("memory") + own;
    if (max_bytes <= rest) return;
    throw new ApiError(
      storage === "file" ? "storageResourcesExceeded" : "memoryResourcesExceeded",
    );
  }

  #checkOverlap({ name, subjects }: StreamConfig): void {
    const others = this.all().filter((stream) => stream.name !== name);
    const taken = others.flatMap(({ config }) => config.subjects);
    if (subjects.some((subject) => taken.some((other) => overlap(subject, other)))) {
      throw new ApiError("streamSubjectOverlap");
    }
  }

  #checkConsumers({ consumers, config: before }: Stream, { consumer_limits }: StreamConfig): void {
    const { inactive_threshold = 0, max_ack_pending = 0 } = consumer_limits;
    const isSame = inactive_threshold === (before.consumer_limits.inactive_threshold ?? 0) &&
      max_ack_pending === (before.consumer_limits.max_ack_pending ?? 0);
    if (isSame) return;
    const beyond = consumers.all().filter((consumer) => consumer.exceeds(consumer_limits));
    if (beyond.length === 0) return;
    const names = beyond.map(({ name }) => name).join(", ");
    throw new ApiError("streamUpdate", `change to limits violates consumers: ${names}`);
  }
}
