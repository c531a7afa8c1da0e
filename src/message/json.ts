import { EncodeError } from "../errors.ts";
import { refusalOf } from "./json_refusal.ts";

/** Deeper than nearly every body; the careful way handles deeper values and cycles. */
const DEEPEST = 64;
/** The longest place that an error message shows, in characters. */
const LONGEST_PLACE = 200;

/**
 * Writes a value as JSON, if JSON can carry it unchanged. It checks plain values, as nearly all are, beforehand, in a
 * fraction of the time of writing; it checks all others one by one while writing them.
 *
 * @throws {EncodeError} naming the place of a value that JSON would silently empty or change
 */
export function jsonOf(body: unknown): string {
  try {
    if (isPlain(body, 0)) return JSON.stringify(body);
  } catch {
    // a getter threw, or the body is too deep or too long: the careful way finds the place
  }
  return carefully(body);
}

function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "undefined":
      return true;
    case "number":
      return value - value === 0;
    case "object":
      return value === null || (depth < DEEPEST && isPlainObject(value, depth + 1));
    default:
      return false;
  }
}

function isPlainObject(value: object, depth: number): boolean {
  if (Array.isArray(value)) return isPlainList(value, depth);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Date.prototype) return !Number.isNaN((value as Date).getTime());
  if (prototype !== Object.prototype && prototype !== null) return false;
  const fields = value as Record<string, unknown>;
  // this also finds an own toJSON(), as it is a function
  for (const key in fields) {
    const field = fields[key];
    if (typeof field !== "string" && !isPlain(field, depth)) return false;
  }
  return true;
}

function isPlainList(list: readonly unknown[], depth: number): boolean {
  for (let index = 0; index < list.length; index++) {
    const item = list[index];
    if (item === undefined ? !(index in list) : !isPlain(item, depth)) return false;
  }
  return true;
}

/** Checks each value while writing it, so that the path to each is known. */
function carefully(body: unknown): string {
  const holders: unknown[] = [];
  const keys: string[] = [];
  const refuse = (found: string, options?: ErrorOptions): never => {
    const place = placeOf(holders, keys);
    throw new EncodeError(`${place} is ${found}`, { ...options, place });
  };
  function look(this: Record<string, unknown>, key: string, value: unknown): unknown {
    while (holders.length > 0 && holders.at(-1) !== this) {
      holders.pop();
      keys.pop();
    }
    if (holders.length === 0) holders.push(this);
    keys[holders.length - 1] = key;
    const found = refusalOf(this, key, value);
    if (found) refuse(found);
    if (typeof value === "object" && value !== null) {
      if (holders.includes(value)) refuse("an object that holds itself: a cycle");
      holders.push(value);
    }
    return value;
  }
  try {
    return JSON.stringify(body, look) ?? refuse("nothing, as its toJSON() gives nothing");
  } catch (cause) {
    if (cause instanceof EncodeError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    return refuse(`not to be written: ${reason}`, { cause });
  }
}

/** The path to a value, as JavaScript code; the first key belongs to the body itself. */
function placeOf(holders: readonly unknown[], keys: readonly string[]): string {
  const place = keys.slice(1).reduce((place, key, index) => {
    if (Array.isArray(holders[index + 1])) return `${place}[${key}]`;
    return /^[A-Za-z_$][\w$]*$/.test(key) ? `${place}.${key}` : `${place}[${JSON.stringify(key)}]`;
  }, "body");
  return place.length > LONGEST_PLACE ? `${place.slice(0, LONGEST_PLACE)}…` : place;
}
