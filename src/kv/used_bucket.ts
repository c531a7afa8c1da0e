import { callable, checkOptions, describe, type Rules, signal } from "../options.ts";
import { handled } from "../promises.ts";
import type { BrokerAccess } from "../door/mod.ts";
import { type Batch, BatchBuilder, sendBatch } from "./batch.ts";
import type { Bucket, BucketInfo, EntryOptions } from "./bucket.ts";
import {
  CALL_RULES,
  type CallLimits,
  checkRevision,
  type ListOptions,
  PURGE_RULES,
  type PurgeOptions,
  PUT_RULES,
  type PutOptions,
  REMOVE_RULES,
  type RemoveOptions,
  revisionRule,
  type WriteOptions,
} from "./call_options.ts";
import { ChangeLoop, type Changer } from "./change_loop.ts";
import type { Changes, ChangesOptions } from "./changes.ts";
import type { BucketDefinition } from "./definition.ts";
import type { Entry, ValueEntry } from "./entry.ts";
import { checkKey, KeyPattern } from "./keys.ts";
import { KeyLanes } from "./key_lanes.ts";
import { historyOf, keysOf } from "./lists.ts";
import { LiveMirror } from "./live_mirror.ts";
import { lookup, lookupAtLeader } from "./lookup.ts";
import { checkMirrorOptions, type Mirror, type MirrorOptions } from "./mirror.ts";
import { makeChanges } from "./make_changes.ts";
import type { OpenedBucket } from "./opened_bucket.ts";
import { Writer } from "./writer.ts";

/** Shared: most calls have no options, and need no check. */
const NONE = Object.freeze({});
const NANOSECONDS = 1_000_000;
const ENTRY_RULES = { ...CALL_RULES, revision: revisionRule(1) };
const LIST_RULES = { signal };

/** The bucket that programs use: checks the arguments, then delegates. */
export class UsedBucket implements Bucket {
  readonly name: string;
  readonly #definition: BucketDefinition;
  readonly #bucket: OpenedBucket;
  readonly #access: BrokerAccess;
  readonly #writer: Writer;
  readonly #lanes = new KeyLanes();

  constructor(definition: BucketDefinition, access: BrokerAccess) {
    this.name = definition.name;
    this.#definition = definition;
    this.#access = access;
    this.#bucket = definition.on(access);
    this.#writer = new Writer(this.#bucket);
  }

  get(key: string, options: CallLimits = NONE): Promise<ValueEntry | undefined> {
    return handled(this.#get(key, options));
  }

  async #get(key: string, options: CallLimits): Promise<ValueEntry | undefined> {
    this.#checked("get", key, options, CALL_RULES);
    const declared = this.#bucket.ready();
    if (declared) await declared;
    const entry = await lookup(this.#bucket, key, this.#bucket.limits(options));
    return entry?.kind === "put" ? entry : undefined;
  }

  entry(key: string, options: EntryOptions = NONE): Promise<Entry | undefined> {
    return handled(this.#entry(key, options));
  }

  async #entry(key: string, options: EntryOptions): Promise<Entry | undefined> {
    this.#checked("look up", key, options, ENTRY_RULES);
    await this.#bucket.ready();
    const limits = this.#bucket.limits(options);
    const { revision } = options;
    return revision === undefined
      ? await lookup(this.#bucket, key, limits)
      : await lookupAtLeader(this.#bucket, key, limits, revision);
  }

  put(key: string, value: unknown, options: PutOptions = NONE): Promise<number> {
    return handled(this.#put(key, value, options));
  }

  async #put(key: string, value: unknown, options: PutOptions): Promise<number> {
    const action = this.#writing("put", key, options, PUT_RULES);
    const declared = this.#bucket.ready();
    if (declared) await declared;
    const putting = this.#writer.putting(key, value, options);
    const written = putting instanceof Promise ? await putting : putting;
    return await this.#writer.send(action, written, options);
  }

  create(key: string, value: unknown, options: PutOptions = NONE): Promise<number> {
    return handled(this.#create(key, value, options));
  }

  async #create(key: string, value: unknown, options: PutOptions): Promise<number> {
    this.#writing("create", key, options, PUT_RULES);
    await this.#bucket.ready();
    return await this.#writer.create(key, value, options);
  }

  update(
    key: string,
    value: unknown,
    revision: number,
    options: PutOptions = NONE,
  ): Promise<number> {
    return handled(this.#update(key, value, revision, options));
  }

  async #update(
    key: string,
    value: unknown,
    revision: number,
    options: PutOptions,
  ): Promise<number> {
    const action = this.#writing("update", key, options, PUT_RULES);
    checkRevision(action, revision);
    await this.#bucket.ready();
    const written = await this.#writer.putting(key, value, options, revision);
    return await this.#writer.send(action, written, options);
  }

  change(
    key: string,
    change: Changer,
    options: PutOptions = NONE,
  ): Promise<{ readonly value: unknown; readonly revision: number } | undefined> {
    return handled(this.#change(key, change, options));
  }

  async #change(key: string, change: Changer, options: PutOptions) {
    const action = this.#writing("change", key, options, PUT_RULES);
    const wrong = callable(change);
    if (wrong) {
      throw new TypeError(`Cannot ${action} by what must be ${wrong}: ${describe(change)}`);
    }
    await this.#bucket.ready();
    const loop = new ChangeLoop(this.#bucket, this.#writer, this.#lanes, key, change, options);
    return await loop.run();
  }

  delete(key: string, options: RemoveOptions = NONE): Promise<number> {
    return handled(this.#delete(key, options));
  }

  async #delete(key: string, options: RemoveOptions): Promise<number> {
    const action = this.#writing("delete", key, options, REMOVE_RULES);
    await this.#bucket.ready();
    return await this.#writer.send(action, this.#writer.deleting(key, options), options);
  }

  purge(key: string, options: PurgeOptions = NONE): Promise<number> {
    return handled(this.#purge(key, options));
  }

  async #purge(key: string, options: PurgeOptions): Promise<number> {
    const action = this.#writing("purge", key, options, PURGE_RULES);
    await this.#bucket.ready();
    return await this.#writer.send(action, await this.#writer.purging(key, options), options);
  }

  batch(
    write: (batch: Batch) => unknown,
    options: WriteOptions = NONE,
  ): Promise<readonly number[]> {
    return handled(this.#batch(write, options));
  }

  async #batch(write: (batch: Batch) => unknown, options: WriteOptions): Promise<number[]> {
    const action = "change several keys at once";
    checkOptions(action, options, CALL_RULES);
    this.#checkWritable(action);
    const wrong = callable(write);
    if (wrong) throw new TypeError(`Cannot ${action} by what must be ${wrong}: ${describe(write)}`);
    await this.#bucket.ready();
    const builder = new BatchBuilder(this.#writer);
    await write(builder);
    return await sendBatch(this.#bucket, this.#writer, await builder.close(), options);
  }

  keys(pattern = ">", options: ListOptions = NONE): AsyncIterableIterator<string> {
    return keysOf(this.#bucket, this.#listed("list the keys", pattern, options), options);
  }

  history(pattern = ">", options: ListOptions = NONE): AsyncIterableIterator<Entry> {
    return historyOf(this.#bucket, this.#listed("list the history", pattern, options), options);
  }

  changes<const Text extends string = ">">(
    pattern?: Text,
    options: ChangesOptions = NONE,
  ): Changes<Text> {
    const changes: unknown = makeChanges(this.#definition, this.#access, pattern ?? ">", options);
    return changes as Changes<Text>;
  }

  mirror(pattern = ">", options: MirrorOptions = NONE): Mirror {
    const action = "mirror a bucket";
    checkMirrorOptions(action, options);
    return new LiveMirror(this.#bucket, new KeyPattern(action, pattern), options);
  }

  info(options: CallLimits = NONE): Promise<BucketInfo> {
    return handled(this.#info(options));
  }

  async #info(options: CallLimits): Promise<BucketInfo> {
    checkOptions("ask about a bucket", options, CALL_RULES);
    await this.#bucket.ready();
    const { config, state, created } = await this.#bucket.info(options);
    return {
      bucket: this.name,
      entries: state.messages,
      bytes: state.bytes,
      history: config.max_msgs_per_subject ?? 1,
      ttl: config.max_age ? config.max_age / NANOSECONDS : undefined,
      keyTtl: config.allow_msg_ttl === true,
      batch: config.allow_atomic === true,
      replicas: config.num_replicas ?? 1,
      storage: config.storage ?? "file",
      created: new Date(created),
    };
  }

  #listed(action: string, pattern: string, options: ListOptions): KeyPattern {
    checkOptions(action, options, LIST_RULES);
    return new KeyPattern(action, pattern);
  }

  #writing(verb: string, key: string, options: object, rules: Rules): string {
    const action = this.#checked(verb, key, options, rules);
    this.#checkWritable(action);
    return action;
  }

  #checkWritable(action: string): void {
    if (!this.#definition.options.readOnly) return;
    throw new TypeError(`Cannot ${action} as the bucket must not be "readOnly": it is`);
  }

  /** Checks a key and options; returns the action for error messages. */
  #checked(verb: string, key: string, options: object, rules: Rules): string {
    checkKey(`${verb} a key`, key);
    const action = `${verb} "${key}"`;
    if (options !== NONE) checkOptions(action, options, rules);
    return action;
  }
}
