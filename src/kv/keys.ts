import { InvalidSubjectError } from "../errors.ts";
import { describe } from "../options.ts";
import { covers, type Params, Pattern } from "../door/mod.ts";

/** The characters of a bucket name (ADR-8). */
const BUCKET = /^[A-Za-z0-9_-]+$/;
/** In characters: the server limits stream names to 255, and `KV_` precedes the bucket name. */
const LONGEST_BUCKET = 252;
/** One token of a key (ADR-8). */
const TOKEN = /^[-/_=A-Za-z0-9]+$/;
const KEY = /^[-/_=A-Za-z0-9]+(?:\.[-/_=A-Za-z0-9]+)*$/;
/** In bytes: the whole subject, with the names of stream and API before the key, must stay within 2 000. */
const LONGEST_KEY = 1_400;
const PARAMETER = /^\{.*\}$/;

const NO_PARAMS: Readonly<Record<string, string>> = Object.freeze({});
const KEY_RULE = "a key must be tokens of letters, digits, -, /, _ and =, with dots between them";

/**
 * Checks the name of a bucket.
 *
 * @throws {TypeError} for a name with other characters than letters, digits, `-` and `_`, or more than 252 of them
 */
export function checkBucket(action: string, name: unknown): asserts name is string {
  if (typeof name === "string" && BUCKET.test(name) && name.length <= LONGEST_BUCKET) return;
  const rule = `a bucket must be 1 to ${LONGEST_BUCKET} letters, digits, - and _`;
  throw new TypeError(`Cannot ${action} as ${rule}: ${describe(name)}`);
}

/**
 * Checks a key (ADR-8).
 *
 * @throws {InvalidSubjectError} for an invalid key
 */
export function checkKey(action: string, key: unknown): asserts key is string {
  if (isKey(key) && key.length <= LONGEST_KEY) return;
  throw new InvalidSubjectError(action, ruleOf(key), key);
}

/** Whether a key is valid. */
export function isKey(key: unknown): key is string {
  return typeof key === "string" && KEY.test(key);
}

/** The rule that an invalid key breaks. */
function ruleOf(key: unknown): string {
  const isLong = typeof key === "string" && key.length > LONGEST_KEY;
  return isLong ? `a key must be ${LONGEST_KEY} bytes at most, and it has ${key.length}` : KEY_RULE;
}

/** The prefix of a bucket's subjects. */
export function subjectStart(bucket: string): string {
  return `$KV.${bucket}.`;
}

/** The name of a bucket's stream. */
export function streamOf(bucket: string): string {
  return `KV_${bucket}`;
}

/**
 * Keys with named parameters, such as `"{region}.{item}"`, or with the wildcards of subjects, such as `"eu.>"`.
 *
 * Values that are no valid token are encoded as `=` and Base64 without padding (ADR-54). A token that this encoding
 * never produces, such as one of another client, is read unchanged, so that different keys never give the same values.
 */
export class KeyPattern {
  readonly text: string;
  /** The wildcard for the server. */
  readonly wildcard: string;
  readonly #pattern: Pattern;
  readonly #hasParams: boolean;

  /**
   * Parses a pattern.
   *
   * @throws {InvalidSubjectError} for tokens that no key can have, and for a duplicate name
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

  /** The parameter values in a matching key. */
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
   * @throws {InvalidSubjectError} for a value that is not a string, and for a pattern with a wildcard
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
 * Makes a key from a pattern and its parameters. Values that a key cannot hold, such as text with spaces or dots, are
 * encoded; {@linkcode paramsOf} and the `params` of changes decode them. Other clients see such a value as `=` and its
 * Base64 without padding.
 *
 * @throws {InvalidSubjectError} for a pattern with a wildcard, or a value that is not a string
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
 * Reads the parameters of a pattern from a key; `undefined` if the key does not match.
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
    // a key of another client that only resembles an encoded one
    return token;
  }
}
