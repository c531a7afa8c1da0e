import { asError, legible } from "../legible.ts";

/** A value of a bucket, with its place there. */
export interface ValueEntry<Value = unknown> {
  /** It is a value. */
  readonly kind: "put";
  /** The key, without the bucket. */
  readonly key: string;
  /** The value, decoded by its content type, and transformed by the bucket's schema. */
  readonly value: Value;
  /** Its number, unique in the bucket and growing with each change. */
  readonly revision: number;
  /** When it was put. */
  readonly time: Date;
}

/**
 * What is left where a value was: `"delete"` and `"purge"` say what removed it, `"expired"` that its time was over. A
 * purge has removed the key's history, too.
 */
export interface RemovalEntry {
  /** What has removed the value. */
  readonly kind: "delete" | "purge" | "expired";
  /** The key, without the bucket. */
  readonly key: string;
  /** There is none. */
  readonly value?: undefined;
  /** The number of the removal. */
  readonly revision: number;
  /** When it was removed. */
  readonly time: Date;
}

/** What a bucket has of a key, for as long as it keeps it. */
export type Entry<Value = unknown> = ValueEntry<Value> | RemovalEntry;

/**
 * A value cannot be read: its bytes do not match their content type, or the bucket's schema refuses it. `cause` is a
 * `DecodeError`, a `ValidationError`, or what the schema threw.
 */
export class EntryError extends Error {
  static {
    this.prototype.name = "EntryError";
  }
  /** The bucket. */
  readonly bucket: string;
  /** The key. */
  readonly key: string;
  /** The revision whose value it is. */
  readonly revision: number;

  /** Makes one; `cause` is what refused the value. */
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
