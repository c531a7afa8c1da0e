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

/** Bytes of a message that are reserved for its headers. */
const FOR_HEADERS = 512;

/** A bucket as one broker uses it. */
export class Bucket implements Watchable<Entry> {
  readonly names: BucketNames;
  readonly settings: ObjectsSettings;
  readonly api: JetStreamApi;
  /** The running puts by id, with a function that aborts each. `collect()` skips their chunks. */
  readonly running = new Map<string, () => void>();
  /** Work in the background, such as the clean-up of an aborted put. */
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

  /** Whether a replica may answer that has not yet stored what the leader has confirmed. */
  get mayLag(): boolean {
    return this.#replicas !== 1;
  }

  /** The size of a chunk in bytes, within the message size limits of server and bucket. */
  get chunkSize(): number {
    const most = Math.min(this.api.access.maxPayload, this.#mostOfMessage) - FOR_HEADERS;
    return Math.max(1, Math.min(this.settings.chunkSize, most));
  }

  /** Resolves once the bucket is declared; asks the server once per start of the broker. */
  ready(): Promise<void> {
    const declaring = this.#declared ??= handled(this.#declare());
    declaring.catch(() => this.#declared === declaring && (this.#declared = undefined));
    return declaring;
  }

  /**
   * Decodes the info in a message.
   *
   * @throws {ObjectError} `unreadable`
   */
  read({ subject, data, seq, time }: StoredMessage): Entry {
    const name = nameIn(subject);
    const action = `read "${name}" in the bucket "${this.name}"`;
    return decodeInfo(action, name, data, { bucket: this.name, seq, time });
  }

  /** Reports that the bucket was deleted and created again. */
  reportReplaced(): void {
    const rule = "it must stay: it was deleted and made again";
    const error = new JetStreamError(`go on in the bucket "${this.name}"`, rule);
    this.access.report(error, this.names.allInfos);
  }

  /** Runs work in the background; the broker's stop waits for it. */
  inBackground(work: Promise<void>): void {
    const ended = work.catch((error) => this.api.access.report(error))
      .finally(() => this.#work.delete(ended));
    this.#work.add(ended);
  }

  /** Aborts running puts; resolves once they are cleaned up. */
  async stop(): Promise<void> {
    this.#declared = undefined;
    for (const giveUp of this.running.values()) giveUp();
    await Promise.resolve();
    await Promise.all(this.#work);
  }

  /** The same at the end of a connection; deletes the consumers of reads as well. */
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

  /**
   * Whether the bucket exists. One that we create gets all that ADR-20 asks for; one of another client keeps its
   * configuration.
   */
  async #exists(): Promise<boolean> {
    try {
      await this.api.call(`STREAM.INFO.${this.names.stream}`);
      return true;
    } catch (error) {
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  /** Turns an error about a missing stream into one about the missing bucket. */
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

  /** The subjects to which watching the infos publishes. */
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

  /** The permissions that the bucket needs. */
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
