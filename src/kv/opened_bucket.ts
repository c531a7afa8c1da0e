import { asMilliseconds } from "../duration.ts";
import { describe } from "../options.ts";
import { type BrokerAccess, overlap } from "../door/mod.ts";
import type { StreamConfig, StreamInfo } from "../jetstream/api/api_types.ts";
import { JetStreamError, NoStreamError, NotFoundError } from "../jetstream/api/errors.ts";
import type { CallOptions, JetStreamApi } from "../jetstream/api/js_api.ts";
import type { BucketOptions } from "./bucket_options.ts";
import { declareBucket } from "./bucket_config.ts";
import type { Entry } from "./entry.ts";
import { streamOf, subjectStart } from "./keys.ts";
import type { CallLimits } from "./call_options.ts";
import type { EncodedValue, StoredEntry, Values } from "./values.ts";

/** The default timeout of a call, in milliseconds. */
const TIMEOUT = 5_000;

/** A bucket's name and options, checked. */
export interface BucketPlan {
  readonly name: string;
  readonly options: BucketOptions;
  readonly values: Values;
}

/** A bucket opened for a broker. */
export class OpenedBucket {
  readonly name: string;
  readonly api: JetStreamApi;
  readonly access: BrokerAccess;
  readonly stream: string;
  readonly #plan: BucketPlan;
  readonly #start: string;
  /** The limits of nearly all calls. */
  readonly #usual: CallOptions;
  #isDeclared = false;
  #declaring: Promise<void> | undefined;
  #config: StreamConfig | undefined;

  constructor(plan: BucketPlan, api: JetStreamApi) {
    this.#plan = plan;
    this.name = plan.name;
    this.api = api;
    this.access = api.access;
    this.stream = streamOf(plan.name);
    this.#start = subjectStart(plan.name);
    this.#usual = Object.freeze({ timeout: this.timeout });
    // the broker may connect to another server the next time
    this.access.onConnection((change) => change === "closed" && this.#forget());
  }

  /** The subject of a key, as it is stored. */
  readonly subjectOf = (key: string): string => this.#start + key;

  /** The key of a subject. */
  keyOf(subject: string): string {
    return subject.slice(this.#start.length);
  }

  /** The subject for publishing a change; a bucket in another domain has a different one. */
  targetOf(key: string): string {
    const subject = this.subjectOf(key);
    return this.api.domain === undefined ? subject : `${this.api.prefix}.${subject}`;
  }

  /** Whether any replica may answer, as far as known. */
  get isDirect(): boolean {
    return this.#config?.allow_direct !== false;
  }

  /** The timeout of calls without one of their own, in milliseconds. */
  get timeout(): number {
    return asMilliseconds(this.#plan.options.timeout) ?? TIMEOUT;
  }

  /** Declares the bucket once; `undefined` if that is done. */
  ready(): Promise<void> | undefined {
    if (this.#isDeclared) return undefined;
    return this.#declaring ??= this.#declare();
  }

  /**
   * The bucket's configuration.
   *
   * @throws {NotFoundError} if the bucket does not exist
   */
  async config(): Promise<StreamConfig> {
    await this.ready();
    return this.#config ??= (await this.info()).config;
  }

  /**
   * Asks the server for the info of the bucket's stream.
   *
   * @throws {NotFoundError} if the bucket does not exist
   */
  async info(limits: CallLimits = {}): Promise<StreamInfo> {
    try {
      return await this.api.call(`STREAM.INFO.${this.stream}`, undefined, this.limits(limits));
    } catch (error) {
      throw this.nameIn(error, "ask about it");
    }
  }

  encode(value: unknown, limits: CallLimits): EncodedValue | Promise<EncodedValue> {
    return this.#plan.values.encode(this.access, value, limits);
  }

  read(stored: StoredEntry): Entry | Promise<Entry> {
    return this.#plan.values.read(this.access, stored);
  }

  /** The limits of a call, with the default timeout filled in. */
  limits({ timeout, signal }: CallLimits): CallOptions {
    if (timeout === undefined && signal === undefined) return this.#usual;
    return { timeout: timeout ?? this.timeout, signal };
  }

  /** Turns an error about a missing stream into one about the missing bucket. */
  readonly nameIn = (error: unknown, action: string): unknown => {
    const isMissing = error instanceof NoStreamError ||
      error instanceof NotFoundError && error.kind === "stream";
    if (!isMissing) return error;
    const { code, errCode, description } = error;
    const wire = { code, err_code: errCode, description };
    return new NotFoundError(`${action} in the bucket "${this.name}"`, "bucket", wire);
  };

  /** Reports that the bucket was deleted and created again. */
  reportReplaced(): void {
    const rule = "it must stay: it was deleted and made again";
    const error = new JetStreamError(`go on in the bucket "${this.name}"`, rule);
    this.access.report(error, this.subjectOf(">"));
  }

  async #declare(): Promise<void> {
    const { name, options } = this.#plan;
    try {
      const { config } = await declareBucket(this.api, name, options);
      this.#check(config);
      this.#config = config;
      this.#isDeclared = true;
    } catch (error) {
      throw this.nameIn(error, "use what is");
    } finally {
      this.#declaring = undefined;
    }
  }

  /** Checks that the stream holds a bucket: in another stream of that name all keys would seem to be missing. */
  #check({ subjects = [], sources, mirror }: StreamConfig): void {
    const all = this.subjectOf(">");
    if (sources?.length || subjects.some((taken) => overlap(taken, all))) return;
    const found = mirror ? `mirrors "${mirror.name}"` : `takes ${describe(subjects.join(", "))}`;
    const rule = `its stream must take its keys, "${all}": it ${found}`;
    throw new JetStreamError(`use the bucket "${this.name}"`, rule);
  }

  #forget(): void {
    this.#isDeclared = false;
    this.#config = undefined;
  }
}
