import { AssertionError as NodeAssertionError } from "node:assert/strict";
import { AssertionError, raise } from "./assertion_error.ts";
import { equal } from "./equal.ts";

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) differ("Values are not equal", actual, expected, msg);
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) {
    raise(`Expected actual: ${Deno.inspect(actual)} not to be: ${Deno.inspect(expected)}`, msg);
  }
}

export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (!Object.is(actual, expected)) {
    differ("Values are not strictly equal", actual, expected, msg);
  }
}

export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) {
    raise(`Expected "actual" to not be strictly equal to: ${Deno.inspect(actual)}`, msg);
  }
}

export function assertArrayIncludes<T>(
  actual: ArrayLike<T> & object,
  expected: ArrayLike<T> & object,
  msg?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !present.some((one) => equal(one, item)));
  if (missing.length > 0) {
    raise(`Expected actual: "${Deno.inspect(actual)}" to include: ${Deno.inspect(missing)}`, msg);
  }
}

function differ(sentence: string, actual: unknown, expected: unknown, msg?: string): never {
  const { message } = new NodeAssertionError({ actual, expected, operator: "deepStrictEqual" });
  throw new AssertionError(`${sentence}${msg ? `: ${msg}` : "."}\n${message}`);
}
