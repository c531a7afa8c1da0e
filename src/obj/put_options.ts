import { callable, checkOptions, type Rules, signal, text } from "../options.ts";
import { type HeaderFields, headerFields } from "../door/mod.ts";
import { texts } from "./bucket_options.ts";

/** How an object is put. */
export interface PutOptions {
  /** Headers to keep with the object, such as `{ "content-type": "image/png" }`. */
  readonly headers?: HeaderFields;
  /** A text for people. */
  readonly description?: string;
  /** Text by keys, for programs. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Gives the put up, which leaves nothing; it does so no more once all bytes are stored. */
  readonly signal?: AbortSignal;
  /**
   * Puts it only if this is the revision that the name has, or 0 if it has none; what was deleted has one, too.
   *
   * @default {whatever is there is replaced}
   */
  readonly revision?: number;
  /** Called with the number of bytes that are stored, whenever there are more; what it throws is an `error` event. */
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
 * @throws {TypeError} naming the first that is unknown or wrong
 */
export function checkPutOptions(action: string, options: PutOptions | undefined): PutOptions {
  checkOptions(action, options, RULES);
  return options ?? {};
}
