import { overlap } from "../subject.ts";
import { ApiError } from "./api/errors.ts";
import type { Context } from "./context.ts";
import { checkConfig } from "./stream/config_check.ts";
import { refuseCopies } from "./stream/config_copies.ts";
import type { StreamConfig, StreamConfigRequest } from "./stream/config.ts";
import { checkUpdate } from "./stream/config_update.ts";
import { isSameConfig } from "./same_config.ts";
import { withLevel } from "./stream/metadata.ts";
import { Stream } from "./stream/stream.ts";
import { SubjectTree } from "./stream/subject_tree.ts";
import { takenIn } from "./subject_space.ts";

/** All streams by their names. */
export class Streams {
  readonly #context: Context;
  readonly #streams = new Map<string, Stream>();
  readonly #subjects = new SubjectTree<Stream>();

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

  /** Is there one of that name? */
  has(name: string): boolean {
    return this.#streams.has(name);
  }

  /** The one of that name; throws an {@linkcode ApiError} for any other. */
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
    if (!this.#hasRoom(config)) throw new ApiError("streamSubjectOverlap");
    // what a configuration takes counts as well
    if (this.#context.memory.isExceeded) throw new ApiError("insufficientResources");
    const stream = new Stream(this.#context, config);
    this.#streams.set(config.name, stream);
    this.#take(config, stream);
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
    this.#free(stream.config);
    const hasRoom = this.#hasRoom(config);
    this.#take(hasRoom ? config : stream.config, stream);
    if (!hasRoom) throw new ApiError("streamSubjectOverlap");
    stream.update(config);
    return stream;
  }

  /** Deletes one. */
  delete(name: string): void {
    const stream = this.get(name);
    this.#streams.delete(name);
    this.#free(stream.config);
    stream.delete();
  }

  /** Ends all timers and subscriptions. */
  stop(): void {
    for (const stream of this.#streams.values()) {
      stream.stop();
      for (const consumer of stream.consumers.all()) consumer.ended();
    }
  }

  /** How many bytes streams of a storage keep to themselves by their `max_bytes`. */
  reserved(storage: StreamConfig["storage"]): number {
    let sum = 0;
    for (const { config } of this.#streams.values()) {
      if (config.storage === storage) sum += Math.max(config.max_bytes, 0);
    }
    return sum;
  }

  #checkReservation({ storage, max_bytes }: StreamConfig, own: number): void {
    const rest = this.#context.memory.most - this.reserved("file") - this.reserved("memory") + own;
    if (max_bytes <= rest) return;
    throw new ApiError(
      storage === "file" ? "storageResourcesExceeded" : "memoryResourcesExceeded",
    );
  }

  #hasRoom({ subjects }: StreamConfig): boolean {
    return subjects.every((subject) => takenIn(this.#subjects, subject) === undefined);
  }

  #take({ subjects }: StreamConfig, stream: Stream): void {
    for (const subject of subjects) this.#subjects.set(subject, stream);
  }

  #free({ subjects }: StreamConfig): void {
    for (const subject of subjects) this.#subjects.delete(subject);
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
