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

function isReadable(error: Error): boolean {
  const { name, message } = error;
  if (typeof name !== "string" || typeof message !== "string") return false;
  const stack = stackOf(error);
  if (stack?.get && stack.get === readStack) return true;
  return error.stack === undefined || typeof error.stack === "string";
}

function stackOf(error: Error): PropertyDescriptor | undefined {
  return Object.getOwnPropertyDescriptor(error, "stack");
}

function unreadable(whoThrew: string): Error {
  return new Error(`${whoThrew} an error that cannot be read`);
}
