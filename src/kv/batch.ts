import { checkOptions, type Rules } from "../options.ts";
import { AtomicBatch } from "../jetstream/publish/atomic_batch.ts";
import { MOST_IN_BATCH } from "../jetstream/publish/batch.ts";
import { JetStreamError } from "../jetstream/api/errors.ts";
import {
  checkRevision,
  type PurgeOptions,
  PUT_RULES,
  type PutOptions,
  REMOVE_RULES,
  type RemoveOptions,
  type WriteOptions,
} from "./call_options.ts";
import { checkKey } from "./keys.ts";
import type { OpenedBucket } from "./opened_bucket.ts";
import type { Writer, Written } from "./writer.ts";

/** Options of {@linkcode Batch.put} and its siblings. Timeout and signal are those of the whole batch. */
export type BatchPutOptions = Omit<PutOptions, "timeout" | "signal">;
/** Options of {@linkcode Batch.delete}. */
export type BatchRemoveOptions = Omit<RemoveOptions, "timeout" | "signal">;
/** Options of {@linkcode Batch.purge}. */
export type BatchPurgeOptions = Omit<PurgeOptions, "timeout" | "signal">;

/** Collects changes that are stored atomically: all of them, or none. */
export interface Batch<Input = unknown> {
  /** Puts a value. */
  put(key: string, value: Input, options?: BatchPutOptions): this;
  /** Puts a value if the key has none; otherwise the whole batch is rejected. */
  create(key: string, value: Input, options?: BatchPutOptions): this;
  /** Puts a value if `revision` is the key's last revision; otherwise the whole batch is rejected. */
  update(key: string, value: Input, revision: number, options?: BatchPutOptions): this;
  /** Removes a value, and keeps its earlier revisions. */
  delete(key: string, options?: BatchRemoveOptions): this;
  /** Removes a value and its earlier revisions. */
  purge(key: string, options?: BatchPurgeOptions): this;
}

const TTL_RULES = { ttl: PUT_RULES.ttl };
const REVISION_RULES = { revision: REMOVE_RULES.revision };
const PURGING_RULES = { ...TTL_RULES, ...REVISION_RULES };

/** Collects the changes of a batch; checks keys and options immediately. */
export class BatchBuilder implements Batch {
  readonly #writer: Writer;
  readonly #changes = new Map<string, () => Written | Promise<Written>>();
  #isClosed = false;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  put(key: string, value: unknown, options: BatchPutOptions = {}): this {
    const put = () => this.#writer.putting(key, value, options);
    return this.#add("put", key, options, TTL_RULES, put);
  }

  create(key: string, value: unknown, options: BatchPutOptions = {}): this {
    const create = () => this.#writer.creating(key, value, options);
    return this.#add("create", key, options, TTL_RULES, create);
  }

  update(key: string, value: unknown, revision: number, options: BatchPutOptions = {}): this {
    checkRevision(`update "${key}"`, revision);
    const update = () => this.#writer.putting(key, value, options, revision);
    return this.#add("update", key, options, TTL_RULES, update);
  }

  delete(key: string, options: BatchRemoveOptions = {}): this {
    const remove = () => this.#writer.deleting(key, options);
    return this.#add("delete", key, options, REVISION_RULES, remove);
  }

  purge(key: string, options: BatchPurgeOptions = {}): this {
    const purge = () => this.#writer.purging(key, options);
    return this.#add("purge", key, options, PURGING_RULES, purge);
  }

  /** Closes the batch to further changes; returns the encoded changes. */
  async close(): Promise<Written[]> {
    this.#isClosed = true;
    const changes: Written[] = [];
    for (const change of this.#changes.values()) changes.push(await change());
    return changes;
  }

  #add(
    verb: string,
    key: string,
    options: object,
    rules: Rules,
    change: () => Written | Promise<Written>,
  ): this {
    checkKey(`${verb} a key`, key);
    const action = `${verb} "${key}" in a batch`;
    checkOptions(action, options, rules);
    const rule = this.#isClosed
      ? "the batch must still be open: it was sent"
      : this.#changes.has(key)
      ? "a batch must have each key once: it is there already"
      : this.#changes.size >= MOST_IN_BATCH
      ? `a batch must have ${MOST_IN_BATCH} keys at most: it would have more`
      : undefined;
    if (rule) throw new RangeError(`Cannot ${action} as ${rule}`);
    this.#changes.set(key, change);
    return this;
  }
}

/** Stores all changes or none; resolves with their revisions, in order. */
export async function sendBatch(
  bucket: OpenedBucket,
  writer: Writer,
  changes: readonly Written[],
  options: WriteOptions,
): Promise<number[]> {
  const action = `change ${changes.length} keys at once`;
  if (changes.length === 0) return [];
  const { allow_atomic: isAllowed } = await bucket.config();
  if (!isAllowed) {
    throw new JetStreamError(action, `the bucket must have "batch": "${bucket.name}" has not`);
  }
  const messages = changes.map(({ key, data, contentType, headers }) => ({
    subject: bucket.targetOf(key),
    data,
    contentType,
    fields: headers,
  }));
  try {
    const batch = new AtomicBatch(bucket.api, messages, writer.limits(options));
    const { seq, count } = await batch.publish();
    return changes.map((_, at) => seq - count + 1 + at);
  } catch (error) {
    throw writer.refusal(action, error);
  }
}
