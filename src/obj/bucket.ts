import type { BrokerAccess, Needs } from "../door/mod.ts";
import { handled } from "../promises.ts";
import type { Watchable } from "../jetstream/changes/watch.ts";
import { JetStreamApi } from "../jetstream/api/js_api.ts";
import { JetStreamError, NoStreamError, NotFoundError } from "../jetstream/api/errors.ts";
import { openReads } from "../jetstream/read/open_reads.ts";
import type { StoredMessage } from "../jetstream/read/stored_message.ts";
import { declareNeeds, declareStream } from "../jetstream/stream/declare_stream.ts";
import type { ObjectsSettings } from "./bucket_options.ts";
import { type BucketNames, nameIn } from "./names.ts";
import { decodeInfo, type Entry } from "./object_info.ts";

/** How much of a message is left for its headers, in bytes. */
const FOR_HEADERS = 512;

/** One bucket, as one broker uses it. */
export class Bucket implements Watchable<Entry> {
  readonly names: BucketNames;
  readonly settings: ObjectsSettings;
  readonly api: JetStreamApi;
  /** The puts that are not over, by their ids, which `collect()` leaves alone; with how to give each up. */
  readonly running = new Map<string, () => void>();
  /** Work that goes on behind the back of the program, such as the end of a put that was given up. */
  readonly #work = new Set<Promise<void>>();
  #declared: Promise<void> | undefined;
  #mostOfMessage = Infinity;
  #replicas: number | undefined;

  constructor(access: BrokerAccess, names: BucketNames, settings: ObjectsSettings) {
    this.api = JetStreamApi.of(access, settings.domain);
    this.names = names;
    this.settings = settings;
  }

  get name(): string {
    return this.names.bucket;
  }

  get stream(): string {
    return this.names.stream;
  }

  get access(): BrokerAccess {
    return this.api.access;
  }

  /** Whether a server may answer that has not got what another one has confirmed. */
  get mayLag(): boolean {
    return this.#replicas !== 1;
  }

  /** How long a chunk is, in bytes: what the server and the bucket take in a message has its limits. */
  get chunkSize(): number {
    const most = Math.min(this.api.access.maxPayload, this.#mostOfMessage) - FOR_HEADERS;
    return Math.max(1, Math.min(this.settings.chunkSize, most));
  }

  /** Resolves once the bucket is as declared; asks once for each start of the broker. */
  ready(): Promise<void> {
    const declaring = this.#declared ??= handled(this.#declare());
    declaring.catch(() => this.#declared === declaring && (this.#declared = undefined));
    return declaring;
  }

  /**
   * Reads the info of a message.
   *
   * @throws {ObjectError} `unreadable`
   */
  read({ subject, data, seq, time }: StoredMessage): Entry {
    const name = nameIn(subject);
    const action = `read "${name}" in the bucket "${this.name}"`;
    return decodeInfo(action, name, data, { bucket: this.name, seq, time });
  }

  /** Tells that the bucket has been deleted, and made again. */
  reportReplaced(): void {
    const rule = "it must stay: it was deleted and made again";
    const error = new JetStreamError(`go on in the bucket "${this.name}"`, rule);
    this.access.report(error, this.names.allInfos);
  }

  /** Does something in the background; the broker's stop waits for it. */
  inBackground(work: Promise<void>): void {
    const ended = work.catch((error) => this.api.access.report(error))
      .finally(() => this.#work.delete(ended));
    this.#work.add(ended);
  }

  /** Gives up what is not over; resolves once nothing is left of it. */
  async stop(): Promise<void> {
    this.#declared = undefined;
    for (const giveUp of this.running.values()) giveUp();
    await Promise.resolve();
    await Promise.all(this.#work);
  }

  /** The same at the end of a connection, and no consumer of a read is left on the server. */
  async leave(): Promise<void> {
    await this.stop();
    await openReads(this.api.access).end();
  }

  async #declare(): Promise<void> {
    const { declared, whole, declare } = this.settings;
    if (declare === "leave") return;
    const isNew = declare !== "verify" && !await this.#exists();
    const { config } = await declareStream(this.api, isNew ? whole : declared, declare)
      .catch((error) => Promise.reject(this.nameIn(error)));
    const most = config.max_msg_size ?? -1;
    this.#mostOfMessage = most > 0 ? most : Infinity;
    this.#replicas = config.num_replicas;
  }

  /** Whether it is there: one that is made by us has what ADR-20 wants, and one of a peer's what it was given. */
  async #exists(): Promise<boolean> {
    try {
      await this.api.call(`STREAM.INFO.${this.names.stream}`);
      return true;
    } catch (error) {
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  /** Says that it is the bucket that is missing, where the error says so of its stream. */
  nameIn(error: unknown, action?: string): unknown {
    const isMissing = error instanceof NoStreamError ||
      (error instanceof NotFoundError && error.kind === "stream");
    if (!isMissing) return error;
    const { code, errCode, description } = error;
    const wire = { code, err_code: errCode, description };
    const name = `the bucket "${this.names.bucket}"`;
    const isNamed = action?.includes(name);
    const what = action === undefined ? `use ${name}` : isNamed ? action : `${action}: ${name}`;
    return new NotFoundError(what, "bucket", wire);
  }

  /** Where watching the infos publishes to. */
  get watchNeeds(): readonly string[] {
    const { stream, allInfos } = this.names;
    const { prefix } = this.api;
    return [
      ...declareNeeds(this.api, stream, this.settings.declare),
      `${prefix}.CONSUMER.CREATE.${stream}.*.${allInfos}`,
      `${prefix}.CONSUMER.MSG.NEXT.${stream}.*`,
      `${prefix}.CONSUMER.DELETE.${stream}.*`,
    ];
  }

  /** What the server must permit. */
  get needs(): Needs {
    const { stream, allChunks, allInfos } = this.names;
    const { readOnly } = this.settings;
    const { prefix } = this.api;
    const writes = readOnly ? [] : [
      allChunks,
      allInfos,
      `${prefix}.STREAM.PURGE.${stream}`,
      `${prefix}.STREAM.MSG.DELETE.${stream}`,
    ];
    const reads = [
      ...this.watchNeeds,
      `${prefix}.STREAM.MSG.GET.${stream}`,
      `${prefix}.CONSUMER.CREATE.${stream}.*.${allChunks}`,
    ];
    return { publish: [...writes, ...reads] };
  }
}
