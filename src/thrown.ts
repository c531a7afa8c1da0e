import { shown } from "./options.ts";
import { handled } from "./thenable.ts";

/**
 * Turns any thrown value into an error whose name, message and stack can be read: a program may throw anything, and
 * reading a proxy or a getter may throw again.
 */
export function asError(thrown: unknown, whoThrew = "A handler threw"): Error {
  try {
    if (thrown instanceof Error) return isReadable(thrown) ? thrown : unreadable(whoThrew);
    // a thrown promise that rejects would end the process, as nobody awaits it
    if (thrown instanceof Promise) handled(thrown);
    return new Error(`${whoThrew} ${shown(thrown)}`);
  } catch {
    return unreadable(whoThrew);
  }
}

/** Prints an error that no listener handles; a failing console must not fail the caller. */
export function print(thrown: unknown): void {
  try {
    console.error(asError(thrown));
  } catch {
    // no other place to report it
  }
}

/**
 * The engine's own getter of `stack`. Calling it formats the stack, which takes longer than all else about a failed
 * handler.
 */
const readStack = stackOf(new Error())?.get;

/** `undefined` in an older engine, where every stack is read. */
const { isError }: { readonly isError?: (value: unknown) => boolean } = Error;

function isReadable(error: Error): boolean {
  const { name, message } = error;
  if (typeof name !== "string" || typeof message !== "string") return false;
  if (isFormattedByEngine(error)) return true;
  return error.stack === undefined || typeof error.stack === "string";
}

/**
 * Whether reading the stack runs only code of the engine. A proxy, which the engine does not take for an error, shows
 * the engine's getter and may still throw; so may a program's own `Error.prepareStackTrace`.
 */
function isFormattedByEngine(error: Error): boolean {
  const read = stackOf(error)?.get;
  return read !== undefined && read === readStack && isError?.(error) === true &&
    !("prepareStackTrace" in Error);
}

function stackOf(error: Error): PropertyDescriptor | undefined {
  return Object.getOwnPropertyDescriptor(error, "stack");
}

function unreadable(whoThrew: string): Error {
  return new Error(`${whoThrew} an error that cannot be read`);
}
