import { AssertionError, raise } from "./assertion_error.ts";

// deno-lint-ignore no-explicit-any -- only `any` takes the parameters of every constructor
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    expected.check(error, "thrown");
    return error;
  }
  raise("Expected function to throw", expected.msg);
}

export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  const promise = promiseOf(fn, expected.msg);
  try {
    await promise;
  } catch (error) {
    expected.check(error, "rejected");
    return error;
  }
  raise("Expected function to reject", expected.msg);
}

function promiseOf(fn: () => PromiseLike<unknown>, msg?: string): PromiseLike<unknown> {
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch {
    raise("Function throws when expected to reject", msg);
  }
  if (typeof promise?.then === "function") return promise;
  raise("Function throws when expected to reject", msg);
}

interface Expectation {
  readonly msg: string | undefined;
  check(error: unknown, how: string): void;
}

function expectation<E extends Error>(
  classOrMsg: ErrorClass<E> | string | undefined,
  msgIncludes = "",
  msg?: string,
): Expectation {
  if (typeof classOrMsg === "string") return { msg: classOrMsg, check() {} };
  return {
    msg,
    check(error, how) {
      if (!classOrMsg) return;
      if (!(error instanceof Error)) raise(`A non-Error object was ${how}`, msg);
      if (!(error instanceof classOrMsg)) {
        const found = `${error.constructor.name}" (${error.message})`;
        raise(`Expected error to be instance of "${classOrMsg.name}", but was "${found}`, msg);
      }
      if (!error.message.includes(msgIncludes)) {
        throw new AssertionError(
          `Expected error message to include ${JSON.stringify(msgIncludes)}, but got ${
            JSON.stringify(error.message)
          }${msg ? `: ${msg}` : "."}`,
        );
      }
    },
  };
}
