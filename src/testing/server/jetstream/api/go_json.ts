import { toByteString } from "../../byte_string.ts";
import { readTime, shownTime } from "../time.ts";

/**
 * JSON as the real server reads it: by a shape, names in any case, unknown names refused, `null` for nothing said, and
 * whole numbers within the range of their type. Texts become byte strings, as subjects are everywhere in the server.
 */
export type Shape =
  | { readonly is: "string" | "boolean" | "time" | "shown time" | "strings" | "texts" }
  | { readonly is: "integer"; readonly type: IntegerType }
  | { readonly is: "enum"; readonly values: readonly string[]; readonly anyCase?: true }
  | { readonly is: "object"; readonly fields: Fields }
  | { readonly is: "list"; readonly of: Shape };

/** The fields of an object by the names they have in JSON. */
export type Fields = Readonly<Record<string, Shape>>;

type IntegerType = "int" | "int32" | "int64" | "uint64" | "Duration";

/** A field of each of the simple kinds. */
export const STRING: Shape = { is: "string" };
export const BOOLEAN: Shape = { is: "boolean" };
export const TIME: Shape = { is: "time" };
/** A time that answers repeat in its own zone, to the nanosecond. */
export const SHOWN_TIME: Shape = { is: "shown time" };
export const STRINGS: Shape = { is: "strings" };
/** Texts by names that are free. */
export const TEXTS: Shape = { is: "texts" };
export const INT: Shape = { is: "integer", type: "int" };
export const INT32: Shape = { is: "integer", type: "int32" };
export const INT64: Shape = { is: "integer", type: "int64" };
export const UINT64: Shape = { is: "integer", type: "uint64" };
/** Nanoseconds. */
export const DURATION: Shape = { is: "integer", type: "Duration" };

/** One of these texts. */
export function enumOf(...values: string[]): Shape {
  return { is: "enum", values };
}

const RANGES: Readonly<Record<IntegerType, readonly [bigint, bigint]>> = {
  int: [-(2n ** 63n), 2n ** 63n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  Duration: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** At the greatest of all numbers a double is off by so much at most. */
const ROUNDING = 1_024n;

/** A number that is written with a fraction or an exponent, which is no whole number to the server. */
class Fraction {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const decoder = new TextDecoder();

/**
 * Reads bytes as an object of that shape, which may be loose and have fields that are not known; throws a `SyntaxError` or
 * a `TypeError` in words like the server's.
 */
export function readJson(
  bytes: Uint8Array,
  fields: Fields,
  isLoose = false,
): Record<string, unknown> {
  const text = decoder.decode(bytes);
  // nothing at all is an object that says nothing
  if (text.trim() === "") return {};
  const value: unknown = JSON.parse(text, keepNumbers as (key: string, value: unknown) => unknown);
  return readObject(value, fields, "", isLoose) ?? {};
}

/** Is there an object or a list, which asks to be read where nothing is said otherwise? */
export function holdsJson(bytes: Uint8Array): boolean {
  return /^[ \t\r\n]*[{[]/.test(decoder.decode(bytes.subarray(0, 64)));
}

/** Is nothing said: no bytes, or an object without fields? */
export function saysNothing(bytes: Uint8Array): boolean {
  if (bytes.length === 0) return true;
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) &&
      Object.keys(value).length === 0;
  } catch {
    return false;
  }
}

function keepNumbers(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value === "string") return toBytesWhereNeeded(value);
  if (typeof value !== "number" || context?.source === undefined) return value;
  if (/[.eE]/.test(context.source)) return new Fraction(context.source);
  return Number.isSafeInteger(value) ? value : BigInt(context.source);
}

function toBytesWhereNeeded(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : toByteString(text);
}

function readObject(value: unknown, fields: Fields, at: string, isLoose = false) {
  if (value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw mismatch(value, at, "object");
  // only known names are taken over, so that `__proto__` and its like stay plain data
  const read: Record<string, unknown> = {};
  for (const [name, inner] of Object.entries(value)) {
    const known = Object.hasOwn(fields, name)
      ? name
      : Object.keys(fields).find((field) => field.toLowerCase() === name.toLowerCase());
    if (known === undefined && isLoose) continue;
    if (known === undefined) throw new TypeError(`json: unknown field ${JSON.stringify(name)}`);
    const meant = readValue(inner, fields[known]!, at === "" ? known : `${at}.${known}`);
    if (meant !== undefined) read[known] = meant;
  }
  return read;
}

function readValue(value: unknown, shape: Shape, at: string): unknown {
  if (value === null) return undefined;
  switch (shape.is) {
    case "string":
      if (typeof value !== "string") throw mismatch(value, at, "string");
      return value;
    case "boolean":
      if (typeof value !== "boolean") throw mismatch(value, at, "bool");
      return value;
    case "time":
      return timeBy(readTime, value, at);
    case "shown time":
      return timeBy(shownTime, value, at);
    case "integer":
      return readInteger(value, shape.type, at);
    case "enum": {
      const name = shape.anyCase && typeof value === "string" ? value.toLowerCase() : value;
      if (typeof name === "string" && shape.values.includes(name)) return name;
      throw new TypeError(`json: can not unmarshal ${JSON.stringify(JSON.stringify(value))}`);
    }
    case "object":
      return readObject(value, shape.fields, at);
    case "strings":
      return readList(value, STRING, at);
    case "list":
      return readList(value, shape.of, at);
    case "texts":
      return readTexts(value, at);
  }
}

function readList(value: unknown, shape: Shape, at: string): unknown[] {
  if (!Array.isArray(value)) throw mismatch(value, at, "[]");
  return value.map((item) => readValue(item, shape, at) ?? nothing(shape));
}

/** What `null` is in a list. */
function nothing({ is }: Shape): unknown {
  if (is === "integer") return 0;
  return is === "string" ? "" : {};
}

function readTexts(value: unknown, at: string): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw mismatch(value, at, "map[string]string");
  }
  const texts = Object.entries(value).map(([name, text]) => [
    toBytesWhereNeeded(name),
    readValue(text, STRING, at) ?? "",
  ]);
  return Object.fromEntries(texts);
}

function readInteger(value: unknown, type: IntegerType, at: string): number {
  if (typeof value !== "number" && typeof value !== "bigint") throw mismatch(value, at, type);
  const [least, greatest] = RANGES[type];
  const exact = BigInt(value);
  if (exact < least || exact > greatest) throw mismatch(value, at, type);
  // rounded up it would be none of its type any more, and clients could not read what they are shown
  const rounded = Number(value);
  return BigInt(rounded) <= greatest ? rounded : Number(greatest - ROUNDING);
}

function timeBy<T>(read: (text: string) => T | undefined, value: unknown, at: string): T {
  const time = typeof value === "string" ? read(value) : undefined;
  if (time === undefined) throw mismatch(value, at, "time.Time");
  return time;
}

function mismatch(value: unknown, at: string, type: string): TypeError {
  const kind = value instanceof Fraction
    ? `number ${value.text}`
    : Array.isArray(value)
    ? "array"
    : typeof value === "bigint" || typeof value === "number"
    ? `number ${value}`
    : typeof value === "boolean"
    ? "bool"
    : typeof value;
  const field = at === "" ? "Go value" : `Go struct field .${at}`;
  return new TypeError(`json: cannot unmarshal ${kind} into ${field} of type ${type}`);
}
