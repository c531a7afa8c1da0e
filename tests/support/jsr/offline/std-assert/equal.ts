import { isDeepStrictEqual } from "node:util";

type Pairs = Map<object, object>;

/** Whether two values are equal all the way down, the prototypes of objects included. */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new Map());
}

function same(a: unknown, b: unknown, pairs: Pairs): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (!isObject(a) || !isObject(b) || !samePrototype(a, b)) return false;
  if (hasInnerValue(a)) return isDeepStrictEqual(a, b);
  // A cycle is equal if nothing else about it differs.
  if (pairs.get(a) === b) return true;
  pairs.set(a, b);
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  if (a instanceof Map && b instanceof Map) return sameEntries(a, b, pairs);
  if (a instanceof Set && b instanceof Set) return sameMembers(a, b, pairs);
  return [...allKeys(a).union(allKeys(b))].every((key) =>
    key in a && key in b && same(Reflect.get(a, key), Reflect.get(b, key), pairs)
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function samePrototype(a: object, b: object): boolean {
  const [first, second] = [a, b].map((one) => Object.getPrototypeOf(one) ?? Object.prototype);
  return first === second;
}

/** Whether what makes up the value is out of reach of its properties. */
function hasInnerValue(value: object): boolean {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Date ||
    value instanceof RegExp;
}

function sameEntries(a: Map<unknown, unknown>, b: Map<unknown, unknown>, pairs: Pairs): boolean {
  if (a.size !== b.size) return false;
  const others = [...b];
  return [...a].every(([key, value]) =>
    b.has(key)
      ? same(value, b.get(key), pairs)
      : others.some(([otherKey, other]) => same(key, otherKey, pairs) && same(value, other, pairs))
  );
}

function sameMembers(a: Set<unknown>, b: Set<unknown>, pairs: Pairs): boolean {
  if (a.size !== b.size) return false;
  return [...a].every((one) => b.has(one) || [...b].some((other) => same(one, other, pairs)));
}

/** Own and inherited keys, so that getters of a class count. */
function allKeys(value: object): Set<PropertyKey> {
  const keys = new Set<PropertyKey>();
  for (let at = value; at && !isBuiltIn(at); at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) keys.add(key);
  }
  return keys;
}

function isBuiltIn(prototype: object): boolean {
  return prototype === Object.prototype || prototype === Array.prototype;
}
