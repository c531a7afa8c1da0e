import { InvalidSubjectError } from "../errors.ts";

/** Printable ASCII without the dot and the wildcards, as nearly all are: the subject tokens of ADR-6. */
const TOKEN = /^[!-)+,\-/-=?-~]+$/;
const SUBJECT = /^[!-)+,\-/-=?-~]+(?:\.[!-)+,\-/-=?-~]+)*$/;
/** What the server takes beyond ADR-6: any UTF-8 without blanks and control characters. */
const WIDE_TOKEN = /^[^\s\p{Cc}\p{Cs}.*>]+$/u;
const WIDE_SUBJECT = /^[^\s\p{Cc}\p{Cs}.*>]+(?:\.[^\s\p{Cc}\p{Cs}.*>]+)*$/u;

/** Two subjects and their sizes must fit the server's control line, 4096 bytes, or it hangs up. */
const LONGEST = 2_000;
const encoder = new TextEncoder();

/**
 * Refuses a subject that cannot be published to, in a sentence that shows it as it was `written`.
 *
 * @throws {InvalidSubjectError} for an empty token, a wildcard, a blank, a control character, more than 2 000 bytes
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
  return typeof text === "string" && fits(text, SUBJECT, WIDE_SUBJECT);
}

/** Whether a text can stand between two dots of a subject. */
export function isToken(text: unknown): text is string {
  return typeof text === "string" && fits(text, TOKEN, WIDE_TOKEN);
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

function fits(text: string, narrow: RegExp, wide: RegExp): boolean {
  if (narrow.test(text)) return text.length <= LONGEST;
  return wide.test(text) && bytesOf(text) <= LONGEST;
}

function bytesOf(text: string): number {
  return text.length > LONGEST ? text.length : encoder.encode(text).length;
}

function faultOf(subject: unknown): string {
  if (typeof subject !== "string") return "a subject must be text";
  if (bytesOf(subject) > LONGEST) return `a subject must be ${LONGEST} bytes at most`;
  if (subject.split(".").includes("")) return "a token must not be empty";
  if (/[*>]/.test(subject)) return "a subject must not hold a wildcard";
  return "a subject must not hold a blank, a control character or half a character";
}
