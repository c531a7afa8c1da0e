import { describe } from "../../options.ts";

/** The longest name in its encoded form, in bytes: a subject may have 2 000. */
const LONGEST = 1_000;
const PLAIN = /^[A-Za-z0-9_-]+$/;
const OTHERS = /[^A-Za-z0-9_-]/gu;

/**
 * Encodes a name as one token of a subject: each character but letters, digits, `-` and `_` becomes `%` and its bytes in
 * UTF-8.
 *
 * @throws {TypeError} if the name is not text, or is too long
 */
export function tokenOf(action: string, name: unknown): string {
  const isText = typeof name === "string" && name !== "" && name.isWellFormed();
  const token = isText ? encoded(name) : "";
  if (isText && token.length <= LONGEST) return token;
  const rule =
    `"name" must be text of 1 to ${LONGEST} bytes, where a special character takes 3 to 12`;
  throw new TypeError(`Cannot ${action} as ${rule}: ${isText ? token.length : describe(name)}`);
}

/** Decodes a token to the name. */
export function nameOf(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    // another program has made the token
    return token;
  }
}

/** The name of the schedule under a subject. */
export function nameIn(subject: string): string {
  return nameOf(subject.slice(subject.lastIndexOf(".") + 1));
}

function encoded(name: string): string {
  if (PLAIN.test(name)) return name;
  // encodeURIComponent() leaves some characters as they are, such as dots
  return name.replace(OTHERS, (one) => {
    const escaped = encodeURIComponent(one);
    return escaped === one ? `%${one.charCodeAt(0).toString(16).toUpperCase()}` : escaped;
  });
}
