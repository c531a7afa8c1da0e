import { EncodeError } from "../errors.ts";
import { isThenable } from "../promises.ts";

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

/** What to send instead, by the value's class. */
const INSTEAD: Readonly<Record<string, string>> = {
  Map: "send [...map] or Object.fromEntries(map)",
  Set: "send [...set]",
  Blob: "await its bytes()",
  File: "await its bytes()",
  Response: "await its json() or bytes()",
  Request: "await its json() or bytes()",
  "object of class Reply": "send its body, as only a handler returns a reply()",
  Headers: "send Object.fromEntries(headers)",
  FormData: "send Object.fromEntries(form)",
  URLSearchParams: "send its toString()",
  SharedArrayBuffer: "send a copy of its bytes",
};

/**
 * Why JSON cannot carry the value at a key unchanged, in words that follow "is"; `undefined` if it can. `value` is the
 * result of `toJSON()`, if the original has that method.
 */
export function refusalOf(
  holder: Readonly<Record<string, unknown>>,
  key: string,
  value: unknown,
): string | undefined {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) ? undefined : `${value}, which JSON would send as null`;
    case "bigint":
      return "a bigint, which JSON has no form for (send it as text)";
    case "function":
      return "a function";
    case "symbol":
      return "a symbol";
    case "undefined":
      return Array.isArray(holder) && !(key in holder) ? "a hole in a sparse array" : undefined;
    case "object":
      return value === null ? nullRefusal(holder[key]) : objectRefusal(holder[key], value);
  }
}

/** Finds an invalid date, which its own `toJSON()` turns into `null`. */
function nullRefusal(written: unknown): string | undefined {
  return written instanceof Date && Number.isNaN(written.getTime())
    ? "an invalid Date, which JSON would send as null"
    : undefined;
}

function objectRefusal(written: unknown, value: object): string | undefined {
  const bytes = [written, value].find((one) =>
    ArrayBuffer.isView(one) || one instanceof ArrayBuffer
  );
  if (bytes instanceof Object) {
    return `${aOrAn(nameOf(bytes))}: bytes travel as a whole body, or as text inside one (base64)`;
  }
  if (isThenable(value)) return "a promise: await it";
  if (value instanceof Error) {
    return "an Error, of which JSON would lose the message: send its text";
  }
  if (value instanceof Number) return refusedNumber(value.valueOf());
  if (value instanceof String || value instanceof Boolean) return undefined;
  if (Symbol.asyncIterator in value) return "an async iterable: only a handler can give one";
  if (isCollection(value) || isIterator(value) || isEmptied(value)) {
    const name = nameOf(value);
    const instead = INSTEAD[name];
    return `${aOrAn(name)}, which JSON would empty${instead ? `: ${instead}` : ""}`;
  }
  return undefined;
}

function refusedNumber(value: number): string | undefined {
  return Number.isFinite(value) ? undefined : `${value}, which JSON would send as null`;
}

/** Whether JSON would write only own properties of the object, and not its contents. */
function isCollection(value: object): boolean {
  return value instanceof Map || value instanceof Set || value instanceof WeakMap ||
    value instanceof WeakSet || value instanceof RegExp;
}

function isIterator(value: object): boolean {
  return Symbol.iterator in value && "next" in value && typeof value.next === "function";
}

/** Whether it is an instance of a class without any content that JSON can see. */
function isEmptied(value: object): boolean {
  if (Array.isArray(value) || Object.keys(value).length > 0) return false;
  const prototype = Object.getPrototypeOf(value);
  // a plain object of another realm counts as plain
  return prototype !== null && Object.getPrototypeOf(prototype) !== null ||
    prototype !== null && !isRootPrototype(prototype);
}

/** Whether it is the prototype of plain objects, of any realm, and not an object that a program made. */
function isRootPrototype(prototype: object): boolean {
  return Object.hasOwn(prototype, "hasOwnProperty") && Object.hasOwn(prototype, "isPrototypeOf");
}

function nameOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (tag !== "Object") return tag;
  const { name } = value.constructor ?? {};
  return typeof name === "string" && name !== "" && name !== "Object"
    ? `object of class ${name}`
    : "object";
}

function aOrAn(name: string): string {
  return `${/^[AEIOaeio]/.test(name) ? "an" : "a"} ${name}`;
}
