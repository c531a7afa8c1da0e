import { shown } from "./options.ts";
import { handled } from "./thenable.ts";

/**
 * What was thrown, as an error whose name, message and stack can be read: programs may throw anything, and a proxy or a
 * getter throws again whenever it is looked at.
 */
export function asError(thrown: unknown, whoThrew = "A handler threw"): Error {
  try {
    if (thrown instanceof Error) return isReadable(thrown) ? thrown : unreadable(whoThrew);
    // a rejected promise that was thrown is awaited by nobody, which ends the process
    if (thrown instanceof Promise) handled(thrown);
    return new Error(`${whoThrew} ${shown(thrown)}`);
  } catch {
    return unreadable(whoThrew);
  }
}

/** Prints what there is nobody to tell of; a console that fails must not fail the work that is being done. */
export function print(thrown: unknown): void {
  try {
    console.error(asError(thrown));
  } catch {
    // there is no place left to say it
  }
}

/** What the engine itself reads a stack by, which formats it: that takes longer than all else about a failed handler. */
const readStack = stackOf(new Error())?.get;

/** `undefined` in an engine that is older, where every stack is read. */
const { isError }: { readonly isError?: (value: unknown) => boolean } = Error;

function isReadable(error: Error): boolean {
  const { name, message } = error;
  if (typeof name !== "string" || typeof message !== "string") return false;
  if (isFormattedByEngine(error)) return true;
  return error.stack === undefined || typeof error.stack === "string";
}

/**
 * A proxy, which is no error to the engine, shows the engine's way to read it and may still throw; so may what a program
 * has stacks formatted by.
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
