import { InvalidSubjectError } from "../errors.ts";
import { describe } from "../options.ts";
import { covers, type Params, Pattern } from "../door/mod.ts";

/** ADR-8: what the name of a bucket is made of. */
const BUCKET = /^[A-Za-z0-9_-]+$/;
/** In characters: the server takes names of streams of 255, and puts `KV_` before this one. */
const LONGEST_BUCKET = 252;
/** ADR-8: one token of a key. */
const TOKEN = /^[-/_=A-Za-z0-9]+$/;
const KEY = /^[-/_=A-Za-z0-9]+(?:\.[-/_=A-Za-z0-9]+)*$/;
/** In bytes: with the names of a stream and of the API before it a subject must have 2 000 at most. */
const LONGEST_KEY = 1_400;
const PARAMETER = /^\{.*\}$/;

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});
const KEY_RULE = "a key must be tokens of letters, digits, -, /, _ and =, with dots between them";

/**
 * Checks the name of a bucket.
 *
 * @throws {TypeError} for a name that is not letters, digits, `-` and `_`, or has more than 252 characters
 */
export function checkBucket(action: string, name: unknown): asserts name is string {
  if (typeof name === "string" && BUCKET.test(name) && name.length <= LONGEST_BUCKET) return;
  const rule = `a bucket must be 1 to ${LONGEST_BUCKET} letters, digits, - and _`;
  throw new TypeError(`Cannot ${action} as ${rule}: ${describe(name)}`);
}

/**
 * Checks a key (ADR-8).
 *
 * @throws {InvalidSubjectError} for a key that a bucket cannot have
 */
export function checkKey(action: string, key: unknown): asserts key is string {
  if (isKey(key) && key.length <= LONGEST_KEY) return;
  throw new InvalidSubjectError(action, ruleOf(key), key);
}

/** Whether it is a key that a bucket can have. */
export function isKey(key: unknown): key is string {
  return typeof key === "string" && KEY.test(key);
}

/** What is wrong with a key. */
function ruleOf(key: unknown): string {
  const isLong = typeof key === "string" && key.length > LONGEST_KEY;
  return isLong ? `a key must be ${LONGEST_KEY} bytes at most, and it has ${key.length}` : KEY_RULE;
}

/** The start of the subjects of a bucket. */
export function subjectStart(bucket: string): string {
  return `$KV.${bucket}.`;
}

/** The stream that holds a bucket. */
export function streamOf(bucket: string): string {
  return `KV_${bucket}`;
}

/**
 * Keys with named parameters, such as `"{region}.{item}"`, or with the wildcards of subjects, such as `"eu.>"`.
 *
 * Values that are no token of a key travel as `=` and Base64 without padding, in the way of ADR-54. A token that no
 * value would become, such as a peer may use, is read as it is: so different keys never have the same values.
 */
export class KeyPattern {
  readonly text: string;
  /** The wildcard for the server. */
  readonly wildcard: string;
  readonly #pattern: Pattern;
  readonly #hasParams: boolean;

  /**
   * Reads a pattern.
   *
   * @throws {InvalidSubjectError} for tokens that no key can have, and for a name used twice
   */
  constructor(action: string, text: unknown) {
    if (typeof text !== "string") throw new InvalidSubjectError(action, KEY_RULE, text);
    const tokens = text.split(".");
    tokens.forEach((token, at) => {
      const isOpen = token === "*" || (token === ">" && at === tokens.length - 1);
      if (isOpen || PARAMETER.test(token) || TOKEN.test(token)) return;
      throw new InvalidSubjectError(action, KEY_RULE, text);
    });
    if (text.length > LONGEST_KEY) throw new InvalidSubjectError(action, ruleOf(text), text);
    this.text = text;
    this.#pattern = new Pattern(text, action);
    this.#hasParams = this.#pattern.names.length > 0;
    this.wildcard = this.#pattern.subject;
  }

  /** The values of the parameters in a key that matches. */
  read(key: string): Readonly<Record<string, string>> {
    if (!this.#hasParams) return NO_PARAMS;
    const values: Record<string, string> = {};
    for (const [name, token] of Object.entries(this.#pattern.read(key))) {
      values[name] = decoded(token);
    }
    return values;
  }

  /**
   * The key with the values filled in.
   *
   * @throws {InvalidSubjectError} for a value that is no text, and for a wildcard
   */
  fill(action: string, values: Readonly<Record<string, unknown>>): string {
    const { names } = this.#pattern.checkFillable(action);
    const tokens = names.map((name) => {
      const value = values?.[name];
      if (typeof value === "string" && value.isWellFormed()) return [name, encoded(value)] as const;
      throw new InvalidSubjectError(action, `"${name}" must be text`, value);
    });
    const key = this.#pattern.fill(Object.fromEntries(tokens));
    checkKey(action, key);
    return key;
  }
}

const ACTION = "make a key";

/**
 * The key of a pattern with these parameters. Values that a key cannot hold, such as text with blanks or dots, are
 * encoded, and {@linkcode paramsOf} and the `params` of changes give them back as they were. Other clients see such a
 * value as `=` and its Base64 without padding.
 *
 * @throws {InvalidSubjectError} for a pattern with a wildcard, or a value that is no text
 *
 * @example
 * ```ts
 * import { keyOf, paramsOf } from "@signalbox/nats/kv";
 * import { assertEquals } from "@std/assert";
 *
 * const key = keyOf("{region}.{item}", { region: "eu", item: "green tea" });
 * assertEquals(key, "eu.=Z3JlZW4gdGVh");
 * assertEquals(paramsOf("{region}.{item}", key), { region: "eu", item: "green tea" });
 * ```
 */
export function keyOf<const Text extends string>(pattern: Text, params: Params<Text>): string {
  return new KeyPattern(ACTION, pattern).fill(ACTION, params);
}

/**
 * The parameters of a pattern in a key; `undefined` if the key does not match.
 *
 * @throws {InvalidSubjectError} for an invalid pattern
 */
export function paramsOf<const Text extends string>(
  pattern: Text,
  key: string,
): Params<Text> | undefined {
  const read = new KeyPattern("read a key", pattern);
  return isKey(key) && covers(read.wildcard, key) ? read.read(key) as Params<Text> : undefined;
}

function encoded(value: string): string {
  if (TOKEN.test(value) && !value.startsWith("=")) return value;
  const bytes = String.fromCharCode(...new TextEncoder().encode(value));
  return `=${btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

function decoded(token: string): string {
  if (!token.startsWith("=")) return token;
  try {
    const bytes = atob(token.slice(1).replaceAll("-", "+").replaceAll("_", "/"));
    const value = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    return encoded(value) === token ? value : token;
  } catch {
    // a peer's key, which only looks like one of ours
    return token;
  }
}
