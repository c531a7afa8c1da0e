import { asError, legible } from "../legible.ts";

/** A value in a bucket, with its revision and time. */
export interface ValueEntry<Value = unknown> {
  /** It is a value. */
  readonly kind: "put";
  /** The key, without the bucket. */
  readonly key: string;
  /** The value, decoded by its content type, and transformed by the bucket's schema. */
  readonly value: Value;
  /** The revision: unique in the bucket, growing with each change. */
  readonly revision: number;
  /** When it was put. */
  readonly time: Date;
}

/**
 * The marker that a removed value leaves: `"delete"` and `"purge"` name the operation that removed it, `"expired"`
 * means that its TTL has passed. A purge has also removed the key's history.
 */
export interface RemovalEntry {
  /** Why the value is gone. */
  readonly kind: "delete" | "purge" | "expired";
  /** The key, without the bucket. */
  readonly key: string;
  /** A removal has no value. */
  readonly value?: undefined;
  /** The revision of the removal. */
  readonly revision: number;
  /** When it was removed. */
  readonly time: Date;
}

/** The last entry of a key: a value, or the marker of its removal. */
export type Entry<Value = unknown> = ValueEntry<Value> | RemovalEntry;

/**
 * A value cannot be read: its bytes do not match its content type, or the bucket's schema rejects it. `cause` is a
 * `DecodeError`, a `ValidationError`, or the error that the schema threw.
 */
export class EntryError extends Error {
  static {
    this.prototype.name = "EntryError";
  }
  /** The bucket. */
  readonly bucket: string;
  /** The key. */
  readonly key: string;
  /** The revision of the value. */
  readonly revision: number;

  /** Creates the error; `cause` says why the value was rejected. */
  constructor(
    { bucket, key, revision }: {
      readonly bucket: string;
      readonly key: string;
      readonly revision: number;
    },
    cause: unknown,
  ) {
    const reason = legible(asError(cause, "The schema threw").message);
    const what = `read "${key}" of the bucket "${bucket}" at revision ${revision}`;
    super(`Cannot ${what} as its value must be whole and fit the schema: ${reason}`, { cause });
    this.bucket = bucket;
    this.key = key;
    this.revision = revision;
  }
}
