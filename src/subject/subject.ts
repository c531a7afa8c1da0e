import { InvalidSubjectError } from "../errors.ts";
import { fillRandom } from "../clock.ts";

/** The subject tokens of ADR-6, as nearly all tokens are: printable ASCII without the dot and the wildcards. */
const TOKEN = /^[!-)+,\-/-=?-~]+$/;
const SUBJECT = /^[!-)+,\-/-=?-~]+(?:\.[!-)+,\-/-=?-~]+)*$/;
/**
 * The tokens that the server accepts beyond ADR-6: any UTF-8 without blanks and control characters. Functions, as classes
 * of Unicode would slow the import down.
 */
const wideToken = () => /^[^\s\p{Cc}\p{Cs}.*>]+$/u;
const wideSubject = () => /^[^\s\p{Cc}\p{Cs}.*>]+(?:\.[^\s\p{Cc}\p{Cs}.*>]+)*$/u;

/** Two subjects and their sizes must fit the server's control line, 4096 bytes, or the server hangs up. */
const LONGEST = 2_000;
const encoder = new TextEncoder();

/**
 * Throws for a subject that cannot be published to; the message shows it as it was `written`.
 *
 * @throws {InvalidSubjectError} for an empty token, a wildcard, a blank, a control character, more than 2 000 bytes
 */
export function checkSubject(
  action: string,
  subject: unknown,
  written = subject,
): asserts subject is string {
  if (isSubject(subject)) return;
  throw new InvalidSubjectError(action, faultOf(subject), written);
}

/**
 * Checks that a pattern is text before error messages quote it.
 *
 * @throws {InvalidSubjectError} if it is not
 */
export function checkText(action: string, pattern: unknown): asserts pattern is string {
  if (typeof pattern === "string") return;
  throw new InvalidSubjectError(action, "a subject must be text", pattern);
}

/** Whether a text is a subject to publish to. */
export function isSubject(text: unknown): text is string {
  return typeof text === "string" && fits(text, SUBJECT, wideSubject);
}

/** Whether a text is a valid token of a subject. */
export function isToken(text: unknown): text is string {
  return typeof text === "string" && fits(text, TOKEN, wideToken);
}

/**
 * Throws for an inbox prefix that is not the start of a valid subject, or that would reach into the server's own
 * subjects.
 *
 * @throws {InvalidSubjectError} for a prefix that {@linkcode checkSubject} refuses, or with a leading `$`
 */
export function checkPrefix(action: string, prefix: unknown): asserts prefix is string {
  checkSubject(action, prefix);
  if (prefix.startsWith("$")) {
    throw new InvalidSubjectError(action, `a prefix must not begin with "$"`, prefix);
  }
}

/**
 * Throws for a prefix of routers that is not the start of a valid subject, or that ends with a letter or digit.
 *
 * @throws {InvalidSubjectError}
 */
export function checkRouterPrefix(action: string, prefix: string): void {
  if (/[{}]/.test(prefix)) {
    throw new InvalidSubjectError(action, "a prefix must have no parameters", prefix);
  }
  if (prefix !== "") checkSubject(action, `${prefix}x`);
  if (/[A-Za-z0-9]$/.test(prefix)) {
    const rule = `a prefix must end with a separator, as "v1." does`;
    throw new InvalidSubjectError(action, rule, prefix);
  }
}

function fits(text: string, narrow: RegExp, wide: () => RegExp): boolean {
  if (narrow.test(text)) return text.length <= LONGEST;
  return wide().test(text) && bytesOf(text) <= LONGEST;
}

function bytesOf(text: string): number {
  return text.length > LONGEST ? text.length : encoder.encode(text).length;
}

function faultOf(subject: unknown): string {
  if (typeof subject !== "string") return "a subject must be text";
  if (bytesOf(subject) > LONGEST) return `a subject must be ${LONGEST} bytes at most`;
  if (subject.split(".").includes("")) return "a token must not be empty";
  if (/[*>]/.test(subject)) return "a subject must not contain a wildcard";
  return "a subject must not contain a blank, a control character or a lone surrogate";
}

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOKEN_LENGTH = 22;

/** A byte of this value or more would favour the alphabet's first letters, so draw another. */
const FAIR = 256 - 256 % ALPHABET.length;
const LETTERS = Uint8Array.from({ length: FAIR }, (_, byte) => ALPHABET.charCodeAt(byte % 62));

/**
 * Random bytes are cheap by the thousand and expensive one by one. A token is a slice of the whole drawn text and keeps
 * it in memory: hence not more than this.
 */
const drawn = new Uint8Array(4_096);
const ascii = new TextDecoder();
let letters = "";
let used = 0;

/**
 * 22 base-62 characters, 131 bits, each drawn from the system's CSPRNG: knowing any number of tokens does not help to
 * guess another.
 */
export function newToken(): string {
  if (used + TOKEN_LENGTH > letters.length) drawLetters();
  return letters.slice(used, used += TOKEN_LENGTH);
}

function drawLetters(): void {
  fillRandom(drawn);
  let kept = 0;
  for (let at = 0; at < drawn.length; at++) {
    const byte = drawn[at]!;
    if (byte < FAIR) drawn[kept++] = LETTERS[byte]!;
  }
  letters = ascii.decode(drawn.subarray(0, kept));
  used = 0;
}

/** The names of a pattern's parameters: `"orders.{id}.{part}"` gives `"id" | "part"`. */
export type ParamNames<Pattern extends string> = Pattern extends `${infer Token}.${infer Rest}`
  ? ParamNames<Token> | ParamNames<Rest>
  : Pattern extends `{${infer Name}}` ? Name
  : never;

/** The parameters of a pattern that only the running program knows. */
export interface AnyParams {
  /** The value of the parameter, one token. */
  readonly [name: string]: string;
}

/**
 * The parameters of a pattern, by name: `Params<"orders.{id}">` is `{ readonly id: string }`. A pattern that is known
 * only at run time has any names.
 *
 * @example
 * ```ts
 * const params: Params<"orders.{id}.lines.{line}"> = { id: "7", line: "1" };
 * ```
 */
export type Params<Pattern extends string> = Pattern extends unknown
  ? string extends Pattern ? AnyParams
  : { readonly [Name in ParamNames<Pattern>]: string }
  : never;

const NAME = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/;

interface Parameter {
  readonly name: string;
  readonly index: number;
}

/** A subject with named parameters: `"orders.{id}"` subscribes to `"orders.*"`, and reads `id` from a subject. */
export class Pattern {
  /** The pattern as it was written. */
  readonly text: string;
  /** The wildcard for the server: every parameter is a `*`. */
  readonly subject: string;
  readonly #tokens: readonly string[];
  readonly #parameters: readonly Parameter[];

  /**
   * Reads a pattern; `action` is what it is for, for error messages.
   *
   * @throws {InvalidSubjectError} for an invalid pattern, and for a name used twice
   */
  constructor(text: string, action = "subscribe") {
    const tokens = typeof text === "string" ? text.split(".") : [];
    this.text = text;
    this.#parameters = parametersOf(action, text, tokens);
    this.#tokens = tokens;
    this.subject = tokens.map((token) => NAME.test(token) ? "*" : token).join(".");
    const plain = tokens.map((token, index) => isWildcard(token, index, tokens) ? "w" : token);
    checkSubject(action, typeof text === "string" ? plain.join(".") : text, text);
  }

  /** The names of the parameters, in the order of the pattern. */
  get names(): readonly string[] {
    return this.#parameters.map(({ name }) => name);
  }

  /**
   * Returns itself, if it can be filled.
   *
   * @throws {InvalidSubjectError} for a pattern with a wildcard, which has no name to fill
   */
  checkFillable(action: string): this {
    if (!this.#tokens.some((token) => token === "*" || token === ">")) return this;
    throw new InvalidSubjectError(action, "a subject must not contain a wildcard", this.text);
  }

  /**
   * Returns itself, if another pattern has each of its parameters.
   *
   * @throws {InvalidSubjectError} if one is missing
   */
  within(other: Pattern): this {
    const missing = this.names.find((name) => !other.names.includes(name));
    if (missing === undefined) return this;
    throw new InvalidSubjectError(
      `fill "${this.text}"`,
      `"${missing}" must be in the pattern`,
      other.text,
    );
  }

  /** The values of the parameters in a subject that matches. */
  read(subject: string): Readonly<Record<string, string>> {
    const values: Record<string, string> = {};
    if (this.#parameters.length === 0) return values;
    const tokens = subject.split(".");
    for (const { name, index } of this.#parameters) values[name] = tokens[index]!;
    return values;
  }

  /**
   * The subject with the values filled in.
   *
   * @throws {InvalidSubjectError} for a value that is not one token, or begins a subject with `$`, and for a wildcard
   */
  fill(values: Readonly<Record<string, unknown>>): string {
    const tokens = [...this.#tokens];
    for (const { name, index } of this.#parameters) {
      const value = typeof values[name] === "number" ? String(values[name]) : values[name];
      if (!isToken(value)) {
        const rule = `"${name}" must be one token without blanks and control characters`;
        throw new InvalidSubjectError(`fill "${this.text}"`, rule, value);
      }
      tokens[index] = value;
    }
    const subject = tokens.join(".");
    checkSubject(`fill "${this.text}"`, subject);
    if (subject.startsWith("$") && !this.text.startsWith("$")) {
      // values come from callers, and subjects with "$" belong to the server
      const rule = `a value must not make a subject begin with "$"`;
      throw new InvalidSubjectError(`fill "${this.text}"`, rule, subject);
    }
    return subject;
  }
}

function isWildcard(token: string, index: number, tokens: readonly string[]): boolean {
  return token === "*" || NAME.test(token) || (token === ">" && index === tokens.length - 1);
}

function parametersOf(action: string, text: string, tokens: readonly string[]): Parameter[] {
  const parameters: Parameter[] = [];
  tokens.forEach((token, index) => {
    const name = NAME.exec(token)?.[1];
    if (!name && /[{}]/.test(token)) {
      const rule = "a parameter must be a whole token, a letter first, as in {id}";
      throw new InvalidSubjectError(action, rule, text);
    }
    if (!name) return;
    if (parameters.some((other) => other.name === name)) {
      throw new InvalidSubjectError(action, `"${name}" must occur once`, text);
    }
    parameters.push({ name, index });
  });
  return parameters;
}
