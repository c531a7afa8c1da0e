import { isSubset, isValidLiteral } from "../../subject.ts";

/** A number from 0 up to 1. */
type Chance = () => number;

/** Makes a part of the new subject of the tokens of the old one. */
type Part = (tokens: readonly string[]) => string;

/** What a function in a destination is called, what it takes, and what it makes. */
interface Mapping {
  readonly takes: "token" | "token and number" | "token and text" | "number" | "number and tokens";
  make(token: string, argument: number | string, chance: Chance): string;
}

const MAPPINGS: Readonly<Record<string, Mapping>> = {
  wildcard: { takes: "token", make: (token) => token },
  splitfromleft: { takes: "token and number", make: (token, at) => split(token, Number(at)) },
  splitfromright: {
    takes: "token and number",
    make: (token, at) => split(token, Number(at) > 0 ? token.length - Number(at) : 0),
  },
  slicefromleft: {
    takes: "token and number",
    make: (token, size) => slice(token, Number(size), 0),
  },
  slicefromright: {
    takes: "token and number",
    make: (token, size) => slice(token, Number(size), token.length % Number(size)),
  },
  split: {
    takes: "token and text",
    make: (token, by) => token.split(String(by)).filter((part) => part !== "").join("."),
  },
  left: {
    takes: "token and number",
    make: (token, size) => Number(size) > 0 ? token.slice(0, Number(size)) : token,
  },
  right: {
    takes: "token and number",
    make: (token, size) => Number(size) > 0 ? token.slice(-Number(size)) : token,
  },
  partition: {
    takes: "number and tokens",
    make: (key, buckets) => String(Number(buckets) === 0 ? 0 : fnv1a(key) % Number(buckets)),
  },
  random: {
    takes: "number",
    make: (_, ceiling, chance) => String(Math.floor(chance() * Number(ceiling))),
  },
};

const MAX_INT32 = 2 ** 31 - 1;

/** Subjects that change by a pattern: `orders.*` to `shop.{{wildcard(1)}}`. */
export class SubjectTransform {
  readonly #source: string;
  readonly #parts: readonly Part[];
  /** Where the tokens begin that `>` stands for; -1 where there are none. */
  readonly #rest: number;

  private constructor(source: string, parts: readonly Part[], rest: number) {
    this.#source = source;
    this.#parts = parts;
    this.#rest = rest;
  }

  /**
   * Makes one, or none where there is no destination; throws an error that says what is wrong with it. `chance` is what
   * `{{random(n)}}` goes by.
   */
  static of(source: string, destination: string, chance: Chance): SubjectTransform | undefined {
    if (destination === "") return undefined;
    const from = source === "" ? ">" : source;
    const stars = (text: string) => text.split(".").filter((token) => token === "*").length;
    const hasRest = from === ">" || from.endsWith(".>");
    const endsInRest = destination === ">" || destination.endsWith(".>");
    if (
      !hasTokens(from) || !hasTokens(destination) || stars(destination) > 0 ||
      hasRest !== endsInRest
    ) {
      throw new Error("invalid subject");
    }
    const sources = from.split(".");
    const wildcards = [...sources.keys()].filter((at) => sources[at] === "*");
    const isLiteral = wildcards.length === 0 && !hasRest;
    const parts = destination.split(".").filter((token) => token !== ">")
      .map((token) => readPart(token, wildcards, isLiteral, chance));
    return new SubjectTransform(from, parts, hasRest ? sources.length - 1 : -1);
  }

  /** The new subject; `undefined` where the old one is none of those that change. */
  apply(subject: string): string | undefined {
    if (!isValidLiteral(subject) || !isSubset(subject, this.#source)) return undefined;
    const tokens = subject.split(".");
    const made = this.#parts.map((part) => part(tokens));
    return [...made, ...this.#rest < 0 ? [] : tokens.slice(this.#rest)].join(".");
  }
}

/** White space is the matter of who asks. */
function hasTokens(subject: string): boolean {
  const tokens = subject.split(".");
  return tokens.every((token, i) => token !== "" && (token !== ">" || i === tokens.length - 1));
}

function readPart(
  token: string,
  wildcards: readonly number[],
  isLiteral: boolean,
  chance: Chance,
): Part {
  const place = (index: string) => {
    const at = wildcards[toInteger(index, token) - 1];
    if (at === undefined) throw new Error(`wildcard index out of range in ${token}`);
    return at;
  };
  if (/^\$-?\d+$/.test(token)) {
    const at = place(token.slice(1));
    return (tokens) => tokens[at]!;
  }
  const call = /^\{\{\s*(\w+)\s*\((.*)\)\s*\}\}$/.exec(token);
  if (!call) {
    if (/^\{\{.+\}\}$/.test(token)) throw new Error(`unknown function in ${token}`);
    return () => token;
  }
  const [, name = "", list = ""] = call;
  const key = name.toLowerCase();
  if (!Object.hasOwn(MAPPINGS, key)) throw new Error(`unknown function in ${token}`);
  const mapping = MAPPINGS[key]!;
  if (isLiteral && key !== "partition" && key !== "random") {
    throw new Error(`wildcard index out of range in ${token}`);
  }
  return readCall(mapping, list.split(/,\s*/), token, place, chance);
}

function readCall(
  { takes, make }: Mapping,
  list: readonly string[],
  token: string,
  place: (index: string) => number,
  chance: Chance,
): Part {
  const [first = "", second = ""] = list;
  const counts = { "token": 1, "number": 1, "token and number": 2, "token and text": 2 };
  if (takes !== "number and tokens" && (list.length !== counts[takes] || first === "")) {
    throw new Error(`wrong number of arguments in ${token}`);
  }
  if (takes === "number and tokens") {
    const buckets = toInteger(first, token);
    const places = list.slice(1).map(place);
    const key = (tokens: readonly string[]) =>
      places.length > 0 ? places.map((at) => tokens[at]).join("") : tokens.join(".");
    return (tokens) => make(key(tokens), buckets, chance);
  }
  if (takes === "number") {
    const ceiling = toInteger(first, token);
    return () => make("", ceiling, chance);
  }
  const at = place(first);
  if (takes === "token and text" && /[ .]/.test(second)) {
    throw new Error(`invalid argument in ${token}`);
  }
  const argument = takes === "token and number" ? toInteger(second, token) : second;
  return (tokens) => make(tokens[at]!, argument, chance);
}

function toInteger(text: string, token: string): number {
  const number = Number(text.trim());
  if (text.trim() === "" || !Number.isInteger(number) || number > MAX_INT32) {
    throw new Error(`invalid argument in ${token}`);
  }
  return number;
}

function split(token: string, at: number): string {
  return at > 0 && at < token.length ? `${token.slice(0, at)}.${token.slice(at)}` : token;
}

function slice(token: string, size: number, first: number): string {
  if (size <= 0 || size >= token.length) return token;
  const parts = first > 0 ? [token.slice(0, first)] : [];
  for (let at = first; at < token.length; at += size) parts.push(token.slice(at, at + size));
  return parts.join(".");
}

/** The hash of a byte string that decides its partition. */
function fnv1a(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
