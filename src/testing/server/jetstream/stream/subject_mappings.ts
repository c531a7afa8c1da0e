/** Computes one part of the new subject from the old subject's tokens. */
export type Part = (tokens: readonly string[]) => string;

/** The context in which a mapping function is parsed. */
export interface Reading {
  /** The function's token in the destination. */
  readonly token: string;
  /** Whether the source has no wildcards. */
  readonly isLiteral: boolean;
  /** The token index for a wildcard, counted from 1; throws if there are fewer wildcards. */
  place(wildcard: string): number;
  /** A random number from 0 up to 1. */
  chance(): number;
}

/** Parses the arguments of a mapping function. */
type Mapping = (list: readonly string[], reading: Reading) => Part;

const MAX_INT32 = 2 ** 31 - 1;

/** The mapping functions such as `{{wildcard(1)}}`, by lower-case name. */
export const MAPPINGS: Readonly<Record<string, Mapping>> = {
  wildcard: (list, reading) => {
    const at = reading.place(exactly(1, list, reading)[0]!);
    return (tokens) => tokens[at]!;
  },
  splitfromleft: tokenAndNumber((token, at) => split(token, at)),
  splitfromright: tokenAndNumber((token, at) => split(token, at > 0 ? token.length - at : 0)),
  slicefromleft: tokenAndNumber((token, size) => slice(token, size, 0)),
  slicefromright: tokenAndNumber((token, size) => slice(token, size, token.length % size)),
  left: tokenAndNumber((token, size) => size > 0 ? token.slice(0, size) : token),
  right: tokenAndNumber((token, size) => size > 0 ? token.slice(-size) : token),
  split: (list, reading) => {
    const [wildcard, by] = exactly(2, list, reading) as [string, string];
    const at = reading.place(wildcard);
    if (/[ .]/.test(by)) throw new Error(`invalid argument in ${reading.token}`);
    return (tokens) => tokens[at]!.split(by).filter((part) => part !== "").join(".");
  },
  partition: ([buckets = "", ...wildcards], reading) => {
    const count = toInteger(buckets, reading);
    const places = wildcards.map((wildcard) =>
      reading.isLiteral ? toInteger(wildcard, reading) : reading.place(wildcard)
    );
    const isWhole = reading.isLiteral || places.length === 0;
    const keyOf = (tokens: readonly string[]) =>
      isWhole ? tokens.join(".") : places.map((at) => tokens[at]).join("");
    // a negative count becomes a large one, as in nats-server
    return (tokens) => String(count === 0 ? 0 : fnv1a(keyOf(tokens)) % (count >>> 0));
  },
  random: (list, reading) => {
    const ceiling = toInteger(exactly(1, list, reading)[0]!, reading);
    return () => String(Math.floor(reading.chance() * ceiling));
  },
};

/** Functions that are allowed if the source has no wildcards. */
export const WITHOUT_WILDCARDS: readonly string[] = ["partition", "random"];

/** Parses an integer. */
export function toInteger(text: string, { token }: Pick<Reading, "token">): number {
  const number = /^ *[+-]?\d+ *$/.test(text) ? Number(text) : NaN;
  if (!(number <= MAX_INT32)) throw new Error(`invalid argument in ${token}`);
  return number;
}

/** A mapping function whose arguments are a wildcard and a number. */
function tokenAndNumber(make: (token: string, number: number) => string): Mapping {
  return (list, reading) => {
    const [wildcard, number] = exactly(2, list, reading) as [string, string];
    const at = reading.place(wildcard);
    const argument = toInteger(number, reading);
    return (tokens) => make(tokens[at]!, argument);
  };
}

function exactly(count: number, list: readonly string[], { token }: Reading): readonly string[] {
  if (list.length === count && list[0] !== "") return list;
  throw new Error(`wrong number of arguments in ${token}`);
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

/** The FNV-1a hash of a byte string, which selects the partition. */
function fnv1a(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
