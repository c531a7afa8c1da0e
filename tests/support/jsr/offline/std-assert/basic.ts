import { AssertionError, raise } from "./assertion_error.ts";

export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

export function assertFalse(expr: unknown, msg = ""): void {
  if (expr) throw new AssertionError(msg);
}

export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    raise(`Expected actual: "${actual}" to not be null or undefined`, msg);
  }
}

export function assertInstanceOf<
  // deno-lint-ignore no-explicit-any -- only `any` takes the parameters of every constructor
  T extends abstract new (...args: any[]) => any,
>(actual: unknown, expectedType: T, msg?: string): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const found = Object(actual) === actual ? (actual as object).constructor?.name : typeof actual;
  raise(`Expected object to be an instance of "${expectedType.name}" but was "${found}"`, msg);
}

export function fail(msg?: string): never {
  raise("Failed assertion", msg);
}

export function unreachable(msg?: string): never {
  raise("Unreachable", msg);
}
