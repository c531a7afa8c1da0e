import { asMilliseconds, type Duration } from "../duration.ts";
import { ConflictError, JetStreamError } from "../jetstream/api/errors.ts";
import { publishStored } from "../jetstream/publish/publish_stored.ts";
import { newToken } from "../door/mod.ts";
import type { ChangeId } from "./change_marks.ts";
import { lookupStored } from "./lookup.ts";
import type { OpenedBucket } from "./opened_bucket.ts";
import { kindOf, OPERATION } from "./operation.ts";
import type { PurgeOptions, PutOptions, RemoveOptions, WriteOptions } from "./call_options.ts";
import type { EncodedValue } from "./values.ts";

/** A change, encoded for sending. */
export interface Written {
  readonly key: string;
  readonly data: Uint8Array;
  readonly contentType?: string | undefined;
  /** Further headers; `undefined` without any. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
}

const EXPECTED = "Nats-Expected-Last-Subject-Sequence";
const TTL = "Nats-TTL";
/** The header that removes the key's earlier revisions. */
const ROLLUP = ["Nats-Rollup", "sub"] as const;
const NO_BYTES = new Uint8Array();
const NANOSECONDS = 1_000_000;
const SECOND = 1_000;
/** The assumed duplicate window, in milliseconds, until the server has reported the real one. */
const USUAL_WINDOW = 120_000;

/** Writes to a bucket. */
export class Writer {
  readonly #bucket: OpenedBucket;
  readonly #id = newToken().slice(0, 12);
  #changes = 0;

  constructor(bucket: OpenedBucket) {
    this.#bucket = bucket;
  }

  /** Numbers one more change by this writer. */
  nextChange(): ChangeId {
    return { writer: this.#id, count: ++this.#changes };
  }

  /**
   * Builds the message that puts a value; returns a promise only if necessary. `expected` is the required last
   * revision, 0 for none.
   */
  putting(
    key: string,
    value: unknown,
    options: PutOptions,
    expected?: number,
  ): Written | Promise<Written> {
    const encoded = this.#bucket.encode(value, options);
    const { ttl } = options;
    if (ttl !== undefined || encoded instanceof Promise) {
      return this.#puttingLater(key, encoded, ttl, expected);
    }
    const headers = expected === undefined ? undefined : expecting(expected);
    return { key, ...encoded, headers };
  }

  async #puttingLater(
    key: string,
    encoded: EncodedValue | Promise<EncodedValue>,
    ttl: Duration | undefined,
    expected: number | undefined,
  ): Promise<Written> {
    const timed = ttl === undefined ? [] : await this.#expiring(`put "${key}"`, ttl);
    return { key, ...await encoded, headers: [...expecting(expected), ...timed] };
  }

  /** Builds the message that removes a value. */
  deleting(key: string, { revision }: RemoveOptions): Written {
    return { key, data: NO_BYTES, headers: [[OPERATION, "DEL"], ...expecting(revision)] };
  }

  /** Builds the message that removes a value and its history. */
  async purging(key: string, { revision, ttl }: PurgeOptions): Promise<Written> {
    const timed = ttl === undefined ? [] : [await this.#timed(`purge "${key}"`, ttl)];
    const headers = [[OPERATION, "PURGE"], ROLLUP, ...expecting(revision), ...timed] as const;
    return { key, data: NO_BYTES, headers };
  }

  /**
   * Publishes a change; resolves with its revision once stored.
   *
   * @throws {ConflictError} if the key has another last revision than expected
   */
  async send(
    action: string,
    { key, data, contentType, headers }: Written,
    options: WriteOptions,
  ): Promise<number> {
    const { api } = this.#bucket;
    const target = this.#bucket.targetOf(key);
    const { timeout, window, signal } = this.limits(options);
    try {
      const stored = { action, contentType, headers, timeout, window, signal };
      return (await publishStored(api, target, data, stored)).seq;
    } catch (error) {
      throw this.refusal(action, error, headers);
    }
  }

  /** Builds the message that puts a value if the key has none; expects the marker that the key may have. */
  async creating(key: string, value: unknown, options: PutOptions): Promise<Written> {
    const last = await lookupStored(this.#bucket, key, this.#bucket.limits({}));
    const isRemoved = last !== undefined && kindOf(last.headers) !== "put";
    return await this.putting(key, value, options, isRemoved ? last.seq : 0);
  }

  /**
   * Puts a value if the key has none.
   *
   * @throws {ConflictError} if the key already has a value
   */
  async create(key: string, value: unknown, options: PutOptions): Promise<number> {
    const action = `create "${key}"`;
    const first = await this.putting(key, value, options, 0);
    try {
      return await this.send(action, first, options);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      const again = await this.creating(key, value, options);
      const isSame = again.headers?.some(([name, value]) => name === EXPECTED && value === "0");
      if (isSame) throw error;
      return await this.send(action, again, options);
    }
  }

  /** The limits of a write: the timeout stays within the duplicate window, so that every retry is recognized. */
  limits({ timeout, signal }: WriteOptions): {
    readonly timeout: Duration;
    readonly window: number;
    readonly signal: AbortSignal | undefined;
  } {
    const { api, stream } = this.#bucket;
    const window = api.streams.windowOfStream(stream) ?? USUAL_WINDOW;
    return { timeout: timeout ?? Math.min(this.#bucket.timeout, window), window, signal };
  }

  /** Turns an error into one in the terms of buckets. */
  refusal(action: string, error: unknown, headers: Written["headers"] = []): unknown {
    if (!(error instanceof ConflictError)) return this.#bucket.nameIn(error, action);
    const expected = headers.find(([name]) => name === EXPECTED)?.[1];
    const rule = expected === undefined
      ? "each revision must be the last one of its key"
      : expected === "0"
      ? "the key must not be there"
      : `its last revision must be ${expected}`;
    const { code, errCode: err_code, description } = error;
    return new ConflictError(action, rule, { code, err_code, description }, { cause: error });
  }

  /** The headers of a value with its own TTL. */
  async #expiring(action: string, ttl: Duration): Promise<(readonly [string, string])[]> {
    const { max_msgs_per_subject: history, subject_delete_marker_ttl: marker = 0 } = await this
      .#bucket.config();
    const timed = await this.#timed(action, ttl);
    if (history === 1) return [timed];
    // otherwise the server silently keeps the value longer
    if (asMilliseconds(ttl) * NANOSECONDS < marker) {
      const rule = "a value must be kept as long as the markers, in a bucket with a history";
      const found = `${asMilliseconds(ttl)} ms, and ${marker / NANOSECONDS} ms`;
      throw new RangeError(`Cannot ${action} as ${rule}: ${found}`);
    }
    // otherwise an earlier revision would reappear
    return [timed, ROLLUP];
  }

  async #timed(action: string, ttl: Duration): Promise<readonly [string, string]> {
    const { allow_msg_ttl: isAllowed } = await this.#bucket.config();
    if (isAllowed) return [TTL, String(Math.ceil(asMilliseconds(ttl) / SECOND))];
    const { name } = this.#bucket;
    throw new JetStreamError(action, `the bucket must have "keyTtl": "${name}" has not`);
  }
}

function expecting(revision: number | undefined): (readonly [string, string])[] {
  return revision === undefined ? [] : [[EXPECTED, String(revision)]];
}
