import { InvalidSubjectError } from "../errors.ts";
import { checkSubject, isToken } from "./subject.ts";

/** The names of a pattern's parameters: `"orders.{id}.{part}"` gives `"id" | "part"`. */
export type ParamNames<Pattern extends string> = Pattern extends `${infer Token}.${infer Rest}`
  ? ParamNames<Token> | ParamNames<Rest>
  : Pattern extends `{${infer Name}}` ? Name
  : never;

/**
 * The parameters of a pattern, by name: `Params<"orders.{id}">` is `{ readonly id: string }`. A pattern that is known
 * only at run time has any names.
 *
 * @example
 * ```ts
 * const params: Params<"orders.{id}.lines.{line}"> = { id: "7", line: "1" };
 * ```
 */
export type Params<Pattern extends string> = string extends Pattern
  ? Readonly<Record<string, string>>
  : { readonly [Name in ParamNames<Pattern>]: string };

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
   * Reads a pattern.
   *
   * @throws {InvalidSubjectError} for an invalid pattern, and for a name used twice
   */
  constructor(text: string) {
    const tokens = typeof text === "string" ? text.split(".") : [];
    this.text = text;
    this.#parameters = parametersOf(text, tokens);
    this.#tokens = tokens;
    this.subject = tokens.map((token) => NAME.test(token) ? "*" : token).join(".");
    const plain = tokens.map((token, index) => isWildcard(token, index, tokens) ? "w" : token);
    checkSubject("subscribe", typeof text === "string" ? plain.join(".") : text, text);
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
  checkFillable(): this {
    if (!this.#tokens.some((token) => token === "*" || token === ">")) return this;
    throw new InvalidSubjectError("publish", "a subject must not hold a wildcard", this.text);
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

function parametersOf(text: string, tokens: readonly string[]): Parameter[] {
  const parameters: Parameter[] = [];
  tokens.forEach((token, index) => {
    const name = NAME.exec(token)?.[1];
    if (!name && /[{}]/.test(token)) {
      const rule = "a parameter must be a whole token, a letter first, as in {id}";
      throw new InvalidSubjectError("subscribe", rule, text);
    }
    if (!name) return;
    if (parameters.some((other) => other.name === name)) {
      throw new InvalidSubjectError("subscribe", `"${name}" must be there once`, text);
    }
    parameters.push({ name, index });
  });
  return parameters;
}
