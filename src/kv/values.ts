import { within } from "../deadline.ts";
import { asMilliseconds } from "../duration.ts";
import type { CallLimits } from "./call_options.ts";
import {
  type BrokerAccess,
  checkSent,
  LONGEST_VALIDATION,
  type MessageHeaders,
  type Schema,
  validate,
} from "../door/mod.ts";
import { type Entry, EntryError } from "./entry.ts";
import { kindOf } from "./operation.ts";

/** A message of a bucket, from any kind of read. */
export interface StoredEntry {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: MessageHeaders | undefined;
  readonly seq: number;
  readonly time: Date;
}

/** A value as it is stored. */
export interface EncodedValue {
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
}

/** Encodes and decodes a bucket's values, with its schema and the broker's codecs. */
export class Values {
  readonly #bucket: string;
  readonly #schema: Schema | undefined;
  /** The lengths of the subject prefixes that precede a key. */
  readonly #start: number;

  constructor(bucket: string, start: string, schema: Schema | undefined) {
    this.#bucket = bucket;
    this.#schema = schema;
    this.#start = start.length;
  }

  /**
   * Encodes a value; returns a promise only if the schema is async.
   *
   * @throws {ValidationError} if it does not fit the schema
   * @throws {EncodeError} if it cannot be encoded
   */
  encode(
    access: BrokerAccess,
    value: unknown,
    { timeout, signal }: CallLimits,
  ): EncodedValue | Promise<EncodedValue> {
    const checking = this.#schema && checkSent(this.#schema, value);
    if (!checking) return access.encode(value);
    const usual = patience(access);
    const longest = timeout === undefined ? usual.timeout : asMilliseconds(timeout);
    const limits = { ...usual, timeout: longest, signal };
    const timely = within(checking, limits, `validate a value of "${this.#bucket}"`);
    return timely.then(() => access.encode(value));
  }

  /** The key in a subject. */
  keyOf(subject: string): string {
    return subject.slice(this.#start);
  }

  /**
   * Decodes a stored value; returns a promise only if the schema is async.
   *
   * @throws {EntryError} if the value cannot be read
   */
  read(access: BrokerAccess, stored: StoredEntry): Entry | Promise<Entry> {
    const { headers, seq: revision, time } = stored;
    const key = this.keyOf(stored.subject);
    const kind = kindOf(headers);
    if (kind !== "put") return { kind, key, revision, time };
    try {
      const decoded = access.decode(stored.data, headers?.get("content-type"));
      const value = this.#schema ? validate(this.#schema, decoded) : decoded;
      if (!(value instanceof Promise)) return { kind, key, value, revision, time };
      return within(value, patience(access), `validate "${key}" of "${this.#bucket}"`).then(
        (value): Entry => ({ kind, key, value, revision, time }),
        (error) => Promise.reject(this.#refusal(key, revision, error)),
      );
    } catch (error) {
      throw this.#refusal(key, revision, error);
    }
  }

  #refusal(key: string, revision: number, cause: unknown): EntryError {
    return new EntryError({ bucket: this.#bucket, key, revision }, cause);
  }
}

/** Bounds the time of a schema, which may hang. */
function patience({ clock }: BrokerAccess) {
  return { clock, timeout: LONGEST_VALIDATION };
}
