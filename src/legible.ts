import { describe } from "./options.ts";
import { handled } from "./promises.ts";

/** The longest text of a line, in characters: a peer may send an error text of a megabyte. */
const LONGEST = 1_000;

/** Turns any text into one line without terminal commands, and cuts it if it is too long. */
export function legible(text: string): string {
  const cut = text.length > LONGEST
    ? `${text.slice(0, LONGEST)}… (${text.length - LONGEST} more characters)`
    : text;
  // control characters, all line breaks, and marks that change the direction of text; a constant would slow the import
  // down, by the time that classes of Unicode take
  return cut.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, escaped);
}

/** Does the same for text of several lines, such as a stack. */
export function legibleLines(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, escaped);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, "0")}`
    : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** A random token within a subject, as in inboxes: 22 characters after a dot. */
const RANDOM_TOKEN = /(?<=\.[0-9A-Za-z]{4})[0-9A-Za-z]{18}(?![0-9A-Za-z])/g;

/**
 * Shortens the inboxes in a text: `_DESK.yz3G…` and `_DESK.yz3G….c12`. Anybody who knows an inbox can write to it, and
 * logs have more readers than should.
 */
export function shortened(text: string): string {
  return text.replace(RANDOM_TOKEN, "…");
}

/** Hides an error's `subject` from `console.log()` if it is an inbox; programs can still read the property. */
export function concealInbox(error: Error & { readonly subject?: string | undefined }): void {
  const { subject } = error;
  if (subject === undefined || shortened(subject) === subject) return;
  Object.defineProperty(error, "subject", { enumerable: false });
}

/**
 * Turns any thrown value into an error whose name, message and stack can be read: a program may throw anything, and
 * reading a proxy or a getter may throw again.
 */
export function asError(thrown: unknown, whoThrew = "A handler threw"): Error {
  try {
    if (thrown instanceof Error) return isReadable(thrown) ? thrown : unreadable(whoThrew);
    // a thrown promise that rejects would end the process, as nobody awaits it
    if (thrown instanceof Promise) handled(thrown);
    return new Error(`${whoThrew} ${describe(thrown)}`);
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
