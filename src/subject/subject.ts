import { InvalidSubjectError } from "../errors.ts";
import { fillRandom } from "../clock.ts";

/** The subject tokens of ADR-6, as nearly all tokens are: printable ASCII without the dot and the wildcards. */
const TOKEN = /^[!-)+,\-/-=?-~]+$/;
const SUBJECT = /^[!-)+,\-/-=?-~]+(?:\.[!-)+,\-/-=?-~]+)*$/;
/** The tokens that the server accepts beyond ADR-6: any UTF-8 without blanks and control characters. */
const WIDE_TOKEN = /^[^\s\p{Cc}\p{Cs}.*>]+$/u;
const WIDE_SUBJECT = /^[^\s\p{Cc}\p{Cs}.*>]+(?:\.[^\s\p{Cc}\p{Cs}.*>]+)*$/u;

/** Two subjects and their sizes must fit the server's control line, 4096 bytes, or the server hangs up. */
const LONGEST = 2_000;
const encoder = new TextEncoder();

/**
 * Throws for a subject that cannot be published to; the message shows it as it was `written`.
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

/** Whether a text is a subject to publish to. */
export function isSubject(text: unknown): text is string {
  return typeof text === "string" && fits(text, SUBJECT, WIDE_SUBJECT);
}

/** Whether a text is a valid token of a subject. */
export function isToken(text: unknown): text is string {
  return typeof text === "string" && fits(text, TOKEN, WIDE_TOKEN);
}

/**
 * Throws for an inbox prefix that is not the start of a valid subject, or that would reach into the server's own
 * subjects.
 *
 * @throws {InvalidSubjectError} for a prefix that {@linkcode checkSubject} refuses, or with a leading `$`
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

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH = 22;

/** A byte of this value or more would favour the alphabet's first letters, so draw another. */
const FAIR = 256 - 256 % ALPHABET.length;
const LETTERS = Uint8Array.from({ length: FAIR }, (_, byte) => ALPHABET.charCodeAt(byte % 62));

/**
 * Random bytes are cheap by the thousand and expensive one by one. A token is a slice of the whole drawn text and keeps
 * it in memory: hence not more than this.
 */
const drawn = new Uint8Array(4_096);
const ascii = new TextDecoder();
let letters = "";
let used = 0;

/**
 * 22 base-62 characters, 131 bits, each drawn from the system's CSPRNG: knowing any number of tokens does not help to
 * guess another.
 */
export function newToken(): string {
  if (used + LENGTH > letters.length) draw();
  return letters.slice(used, used += LENGTH);
}

function draw(): void {
  fillRandom(drawn);
  let kept = 0;
  for (let at = 0; at < drawn.length; at++) {
    const byte = drawn[at]!;
    if (byte < FAIR) drawn[kept++] = LETTERS[byte]!;
  }
  letters = ascii.decode(drawn.subarray(0, kept));
  used = 0;
}
