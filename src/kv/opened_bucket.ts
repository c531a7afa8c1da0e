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

/** How long a call may take, in milliseconds. */
const TIMEOUT = 5_000;

/** What a program says of a bucket. */
export interface BucketPlan {
  readonly name: string;
  readonly options: BucketOptions;
  readonly values: Values;
}

/** A bucket as one broker reaches it. */
export class OpenedBucket {
  readonly name: string;
  readonly api: JetStreamApi;
  readonly access: BrokerAccess;
  readonly stream: string;
  readonly #plan: BucketPlan;
  readonly #start: string;
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
    // it may be another server that the broker connects to the next time
    this.access.onConnection((change) => change === "closed" && this.#forget());
  }

  /** The subject of a key, as it is stored. */
  readonly subjectOf = (key: string): string => this.#start + key;

  /** The key of a subject. */
  keyOf(subject: string): string {
    return subject.slice(this.#start.length);
  }

  /** Where to publish a change of a key: a domain has an address of its own for it. */
  targetOf(key: string): string {
    const subject = this.subjectOf(key);
    return this.api.domain === undefined ? subject : `${this.api.prefix}.${subject}`;
  }

  /** Whether any server that keeps the bucket may answer, as far as we know. */
  get isDirect(): boolean {
    return this.#config?.allow_direct !== false;
  }

  /** How long a call takes that names no time. */
  get timeout(): number {
    return asMilliseconds(this.#plan.options.timeout) ?? TIMEOUT;
  }

  /** Declares the bucket, once; `undefined` if that is done. */
  ready(): Promise<void> | undefined {
    if (this.#isDeclared) return undefined;
    return this.#declaring ??= this.#declare();
  }

  /**
   * The configuration that the bucket has.
   *
   * @throws {NotFoundError} if there is no such bucket
   */
  async config(): Promise<StreamConfig> {
    await this.ready();
    return this.#config ??= (await this.info()).config;
  }

  /**
   * Asks what the server says of the bucket.
   *
   * @throws {NotFoundError} if there is no such bucket
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

  /** The limits of a call, where the program names no timeout. */
  limits({ timeout = this.timeout, signal }: CallLimits): CallOptions {
    return { timeout, signal };
  }

  /** Says that it is the bucket that is missing, where the error says so of its stream. */
  readonly nameIn = (error: unknown, action: string): unknown => {
    const isMissing = error instanceof NoStreamError ||
      error instanceof NotFoundError && error.kind === "stream";
    if (!isMissing) return error;
    const { code, errCode, description } = error;
    const wire = { code, err_code: errCode, description };
    return new NotFoundError(`${action} in the bucket "${this.name}"`, "bucket", wire);
  };

  /** Tells that the bucket has been deleted, and made again. */
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

  /** A stream of its name need not hold a bucket: then its keys would seem not to be there. */
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
