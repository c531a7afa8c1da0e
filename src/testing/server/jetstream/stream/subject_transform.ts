import { isSubset, isValidLiteral } from "../../subject.ts";
import { MAPPINGS, type Part, toInteger, WITHOUT_WILDCARDS } from "./subject_mappings.ts";

/** The spelling of function names: only the first letters of their words may be capitals. */
const SPELLED = /^[A-Za-z][a-z]*([fF]rom[lLrR][a-z]+)?$/;

/** Maps subjects by a pattern, such as `orders.*` to `shop.{{wildcard(1)}}`. */
export class SubjectTransform {
  readonly #source: string;
  readonly #parts: readonly Part[];
  /** The index of the first token that `>` matches; -1 without `>`. */
  readonly #rest: number;

  private constructor(source: string, parts: readonly Part[], rest: number) {
    this.#source = source;
    this.#parts = parts;
    this.#rest = rest;
  }

  /**
   * Parses a transform; `undefined` without a destination. Throws an error that says what is invalid. `chance` is the
   * random source of `{{random(n)}}`.
   */
  static of(
    source: string,
    destination: string,
    chance: () => number,
  ): SubjectTransform | undefined {
    if (destination === "") return undefined;
    const from = source === "" ? ">" : source;
    const [sources, targets] = [from.split("."), destination.split(".")];
    const hasRest = sources.at(-1) === ">";
    const endsInRest = targets.at(-1) === ">";
    if (!isWhole(sources) || !isWhole(targets) || targets.includes("*") || hasRest !== endsInRest) {
      throw new Error("invalid subject");
    }
    const wildcards = [...sources.keys()].filter((at) => sources[at] === "*");
    const isLiteral = wildcards.length === 0 && !hasRest;
    const parts = targets.filter((token) => token !== ">")
      .map((token) => readPart(token, wildcards, isLiteral, chance));
    return new SubjectTransform(from, parts, hasRest ? sources.length - 1 : -1);
  }

  /** The new subject; `undefined` if the source pattern does not match. */
  apply(subject: string): string | undefined {
    if (!isValidLiteral(subject) || !isSubset(subject, this.#source)) return undefined;
    const tokens = subject.split(".");
    const made = this.#parts.map((part) => part(tokens));
    return [...made, ...this.#rest < 0 ? [] : tokens.slice(this.#rest)].join(".");
  }
}

/** Whether no token is empty and `>` is the last one. Callers check for white space. */
function isWhole(tokens: readonly string[]): boolean {
  return tokens.every((token, i) => token !== "" && (token !== ">" || i === tokens.length - 1));
}

function readPart(
  token: string,
  wildcards: readonly number[],
  isLiteral: boolean,
  chance: () => number,
): Part {
  const place = (wildcard: string) => {
    const index = toInteger(wildcard, { token });
    if (index > wildcards.length) throw outOfRange(token);
    // like nats-server, use the first token for an index below 1
    return wildcards[index - 1] ?? 0;
  };
  if (/^\$[+-]?\d+$/.test(token)) {
    if (isLiteral) throw outOfRange(token);
    const at = place(token.slice(1));
    return (tokens) => tokens[at]!;
  }
  if (!/^\{\{.+\}\}$/.test(token)) return () => token;
  const [, name = "", list = ""] = /^\{\{\s*(\w+)\s*\((.*)\)\s*\}\}$/.exec(token) ?? [];
  const key = SPELLED.test(name) ? name.toLowerCase() : "";
  if (!Object.hasOwn(MAPPINGS, key)) throw new Error(`unknown function in ${token}`);
  if (isLiteral && !WITHOUT_WILDCARDS.includes(key)) {
    throw outOfRange(token);
  }
  return MAPPINGS[key]!(list.split(/,\s*/), { token, isLiteral, place, chance });
}

function outOfRange(token: string): Error {
  return new Error(`wildcard index out of range in ${token}`);
}
