import { describe } from "../../options.ts";

/** A name that the server accepts: it becomes a subject token and a folder name. */
const NAME = /^[^\s.*>/\\\p{Cc}\p{Cs}]+$/u;
/** In bytes. */
const LONGEST = 255;
const encoder = new TextEncoder();

/**
 * Checks the name of a stream, consumer or domain before it becomes part of a subject.
 *
 * @throws {TypeError} for an empty one, a blank, a dot, a wildcard, a slash, a control character, more than 255 bytes
 */
export function checkName(action: string, name: unknown): asserts name is string {
  if (typeof name === "string" && NAME.test(name) && encoder.encode(name).length <= LONGEST) return;
  const rule = `a name must be 1 to ${LONGEST} bytes without blanks, dots, wildcards and slashes`;
  throw new TypeError(`Cannot ${action} as ${rule}: ${describe(name)}`);
}
