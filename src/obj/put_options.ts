import { callable, checkOptions, type Rules, signal, text } from "../options.ts";
import { type HeaderFields, headerFields } from "../door/mod.ts";
import { texts } from "./bucket_options.ts";

/** Options for putting an object. */
export interface PutOptions {
  /** Headers to keep with the object, such as `{ "content-type": "image/png" }`. */
  readonly headers?: HeaderFields;
  /** A human-readable description. */
  readonly description?: string;
  /** Custom metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Aborts the put, which then leaves nothing behind; no effect once all bytes are stored. */
  readonly signal?: AbortSignal;
  /**
   * Puts the object only if this is the name's current revision, 0 for none; a deletion is a revision, too.
   *
   * @default {whatever is there is replaced}
   */
  readonly revision?: number;
  /** Called with the total of bytes stored, whenever it grows; an error that it throws becomes an `error` event. */
  readonly onProgress?: (stored: number) => void;
}

const revision = (value: unknown) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : "a whole number of 0 or more";

const RULES: Rules = {
  headers: headerFields,
  description: text,
  metadata: texts,
  signal,
  revision,
  onProgress: callable,
};

/**
 * Checks the options of a put.
 *
 * @throws {TypeError} naming the first option that is unknown or invalid
 */
export function checkPutOptions(action: string, options: PutOptions | undefined): PutOptions {
  checkOptions(action, options, RULES);
  return options ?? {};
}
