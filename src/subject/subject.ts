import { InvalidSubjectError } from "../errors.ts";

/** Printable ASCII without the dot and the wildcards: the subject tokens of ADR-6. */
const TOKEN = /^[!-)+,\-/-=?-~]+$/;
const SUBJECT = /^[!-)+,\-/-=?-~]+(?:\.[!-)+,\-/-=?-~]+)*$/;

/** Two subjects and their sizes must fit the server's control line, 4096 bytes, or it hangs up. */
const LONGEST = 2_000;

/**
 * Refuses a subject that cannot be published to, in a sentence that shows it as it was `written`.
 *
 * @throws {InvalidSubjectError} for an empty token, a wildcard, a space, anything but printable ASCII
 */
export function checkSubject(
  action: string,
  subject: unknown,
  written = subject,
): asserts subject is string {
  if (isSubject(subject)) return;
  throw new InvalidSubjectError(action, faultOf(subject), written);
}

/** Whether a text can be published to. */
export function isSubject(text: unknown): text is string {
  return typeof text === "string" && SUBJECT.test(text) && text.length <= LONGEST;
}

/** Whether a text can stand between two dots of a subject. */
export function isToken(text: unknown): text is string {
  return typeof text === "string" && TOKEN.test(text) && text.length <= LONGEST;
}

/**
 * Refuses an inbox prefix that could not be a subject's beginning, or would reach into the server's own.
 *
 * @throws {InvalidSubjectError} for what {@linkcode checkSubject} refuses, and a leading `$`
 */
export function checkPrefix(action: string, prefix: unknown): asserts prefix is string {
  checkSubject(action, prefix);
  if (prefix.startsWith("$")) {
    throw new InvalidSubjectError(action, `a prefix must not begin with "$"`, prefix);
  }
}

function faultOf(subject: unknown): string {
  if (typeof subject !== "string") return "a subject must be text";
  if (subject.length > LONGEST) return `a subject must be ${LONGEST} characters at most`;
  if (subject.split(".").includes("")) return "a token must not be empty";
  if (/[*>]/.test(subject)) return "a subject must not hold a wildcard";
  return "a subject must be printable ASCII without spaces";
}
