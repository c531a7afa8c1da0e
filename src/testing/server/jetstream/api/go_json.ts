import { toByteString } from "../../byte_string.ts";
import { readTime, shownTime } from "../time.ts";

/**
 * Parses JSON the way nats-server (Go) does: by a shape, with case-insensitive names, rejecting unknown names, taking
 * `null` as absent, and keeping integers within the range of their type. Strings become byte strings, as subjects are
 * everywhere in the server.
 */
export type Shape =
  | { readonly is: "string" | "boolean" | "time" | "shown time" | "strings" | "texts" }
  | { readonly is: "integer"; readonly type: IntegerType }
  | { readonly is: "enum"; readonly values: readonly string[]; readonly anyCase?: true }
  | { readonly is: "object"; readonly fields: Fields }
  | { readonly is: "list"; readonly of: Shape };

/** The fields of an object by their JSON names. */
export type Fields = Readonly<Record<string, Shape>>;

type IntegerType = "int" | "int32" | "int64" | "uint64" | "Duration";

/** Shapes of the simple types. */
export const STRING: Shape = { is: "string" };
export const BOOLEAN: Shape = { is: "boolean" };
export const TIME: Shape = { is: "time" };
/** A time that responses repeat in its original time zone, to the nanosecond. */
export const SHOWN_TIME: Shape = { is: "shown time" };
export const STRINGS: Shape = { is: "strings" };
/** An object of strings with arbitrary keys. */
export const TEXTS: Shape = { is: "texts" };
export const INT: Shape = { is: "integer", type: "int" };
export const INT32: Shape = { is: "integer", type: "int32" };
export const INT64: Shape = { is: "integer", type: "int64" };
export const UINT64: Shape = { is: "integer", type: "uint64" };
/** An integer of nanoseconds. */
export const DURATION: Shape = { is: "integer", type: "Duration" };

/** One of these strings. */
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

/** Converting the largest 64-bit integer to a double rounds it by at most this much. */
const ROUNDING = 1_024n;

/** A number written with a fraction or an exponent: Go does not accept it as an integer. */
class Fraction {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const decoder = new TextDecoder();

/**
 * Parses bytes as an object of the given shape; a loose shape may have unknown fields. Throws a `SyntaxError` or a
 * `TypeError` worded like the server's.
 */
export function readJson(
  bytes: Uint8Array,
  fields: Fields,
  isLoose = false,
): Record<string, unknown> {
  const text = decoder.decode(bytes);
  // an empty body is an object without fields
  if (text.trim() === "") return {};
  const value: unknown = JSON.parse(text, keepNumbers as (key: string, value: unknown) => unknown);
  return readObject(value, fields, "", isLoose) ?? {};
}

/** Whether the bytes begin like a JSON object or array. */
export function holdsJson(bytes: Uint8Array): boolean {
  return /^[ \t\r\n]*[{[]/.test(decoder.decode(bytes.subarray(0, 64)));
}

/** Whether the bytes are empty or an object without fields. */
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
  // only known names are copied, so that `__proto__` and the like stay plain data
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

/** The value of `null` inside an array. */
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
  // rounded up, the number would exceed its type, and clients could not parse it in responses
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
