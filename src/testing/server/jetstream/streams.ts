import { overlap } from "../subject.ts";
import { ApiError } from "./api/errors.ts";
import type { Context } from "./context.ts";
import { checkConfig } from "./stream/config_check.ts";
import { refuseForeign } from "./stream/config_copies.ts";
import type { StreamConfig, StreamConfigRequest } from "./stream/config.ts";
import { checkUpdate } from "./stream/config_update.ts";
import { isSameConfig } from "./same_config.ts";
import { withLevel } from "./stream/metadata.ts";
import type { Directory } from "./stream/origins.ts";
import { Stream } from "./stream/stream.ts";
import { SubjectTree } from "./stream/subject_tree.ts";
import { takenIn } from "./subject_space.ts";

/** All streams by name. */
export class Streams {
  readonly #context: Context;
  readonly #streams: Directory<Stream>;
  readonly #subjects = new SubjectTree<Stream>();

  /** `streams` holds the streams; streams that copy others share it. */
  constructor(context: Context, streams: Directory<Stream>) {
    this.#context = context;
    this.#streams = streams;
  }

  /** All streams, ordered by name. */
  all(): Stream[] {
    return [...this.#streams.all()].sort(({ name: one }, { name: other }) => one < other ? -1 : 1);
  }

  /** The streams with subjects that overlap the filter; an empty filter matches all. */
  on(filter: string): Stream[] {
    if (filter === "") return this.all();
    return this.all().filter(({ config }) =>
      config.subjects.some((subject) => overlap(subject, filter))
    );
  }

  /** Whether there is a stream of that name. */
  has(name: string): boolean {
    return this.#streams.get(name) !== undefined;
  }

  /** The stream of that name; throws an {@linkcode ApiError} if there is none. */
  get(name: string): Stream {
    const stream = this.#streams.get(name);
    if (!stream) throw new ApiError("streamNotFound");
    return stream;
  }

  /** Creates a stream, or returns the existing one of equal configuration. */
  create(said: StreamConfigRequest): Stream {
    const config = checkConfig(withLevel(said), this.#configOf);
    refuseForeign(config);
    if (config.num_replicas > 1) throw new ApiError("streamReplicasNotSupported");
    const known = this.#streams.get(config.name);
    if (known && isSameConfig(known.config, config)) return known;
    if (known) throw new ApiError("streamNameExists");
    this.#checkReservation(config, 0);
    if (!this.#hasRoom(config)) throw new ApiError("streamSubjectOverlap");
    // the configuration itself takes memory as well
    if (this.#context.memory.isExceeded) throw new ApiError("insufficientResources");
    const stream = new Stream(this.#context, config);
    this.#streams.add(stream);
    this.#take(config, stream);
    stream.begin();
    return stream;
  }

  /** Updates a stream: absent fields are reset to their defaults. */
  update(name: string, said: StreamConfigRequest): Stream {
    // like nats-server, checks the request before it looks up the stream
    const checked = checkConfig(said, this.#configOf);
    if (checked.name !== name) throw new ApiError("streamMismatch");
    const stream = this.get(name);
    const config = checkUpdate(stream.config, checkConfig(withLevel(said), this.#configOf));
    refuseForeign(config);
    this.#checkReservation(config, Math.max(stream.config.max_bytes, 0));
    this.#checkConsumers(stream, config);
    this.#free(stream.config);
    const hasRoom = this.#hasRoom(config);
    this.#take(hasRoom ? config : stream.config, stream);
    if (!hasRoom) throw new ApiError("streamSubjectOverlap");
    stream.update(config);
    return stream;
  }

  /** Deletes a stream. */
  delete(name: string): void {
    const stream = this.get(name);
    this.#free(stream.config);
    stream.delete();
    this.#streams.delete(name);
  }

  /** Stops all timers and subscriptions. */
  stop(): void {
    for (const stream of this.#streams.all()) {
      stream.stop();
      for (const consumer of stream.consumers.all()) consumer.ended();
    }
  }

  /** Bytes that the streams of a storage type reserve with `max_bytes`. */
  reserved(storage: StreamConfig["storage"]): number {
    let sum = 0;
    for (const { config } of this.#streams.all()) {
      if (config.storage === storage) sum += Math.max(config.max_bytes, 0);
    }
    return sum;
  }

  readonly #configOf = (name: string): StreamConfig | undefined => this.#streams.get(name)?.config;

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
