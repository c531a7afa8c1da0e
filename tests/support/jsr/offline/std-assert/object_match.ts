import { equal } from "./equal.ts";
import { assertEquals } from "./equality.ts";

export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- an interface is no Record<PropertyKey, unknown>
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  if (!contains(actual, expected)) {
    assertEquals<unknown>(actual, expected, msg);
  }
}

/** Whether `actual` has at least what `expected` has; an array has to begin with it. */
function contains(actual: unknown, expected: unknown): boolean {
  if (!isComposite(actual) || !isComposite(expected)) return equal(actual, expected);
  if (expected instanceof Map) {
    return actual instanceof Map &&
      [...expected].every(([key, value]) => actual.has(key) && contains(actual.get(key), value));
  }
  if (expected instanceof Set) return actual instanceof Set && expected.isSubsetOf(actual);
  if (Array.isArray(expected) !== Array.isArray(actual)) return false;
  return Reflect.ownKeys(expected).every((key) =>
    (key === "length" && Array.isArray(expected)) ||
    (Object.hasOwn(actual, key) && contains(Reflect.get(actual, key), Reflect.get(expected, key)))
  );
}

function isComposite(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof Date) &&
    !(value instanceof RegExp);
}
