import { InvalidSubjectError } from "../errors.ts";
import { checkOptions, text } from "../options.ts";
import { checkSubject } from "../subject/subject.ts";

/** How to include a router. */
export interface IncludeOptions {
  /**
   * A prefix for every pattern of the router and every subject it publishes to. It is prepended unchanged, so end it
   * with a dot or another separator, as in `"v1."`.
   *
   * @default {""}
   */
  readonly prefix?: string;
}

/**
 * The prefix that the options give.
 *
 * @throws {TypeError} for a wrong option
 * @throws {InvalidSubjectError} for a prefix that is not the start of a valid subject, or that ends with a letter or
 * digit
 */
export function prefixOf(options: IncludeOptions): string {
  checkOptions("include a router", options, { prefix: text });
  const { prefix = "" } = options;
  if (/[{}]/.test(prefix)) {
    throw new InvalidSubjectError("include a router", "a prefix must have no parameters", prefix);
  }
  if (prefix !== "") checkSubject("include a router", `${prefix}x`);
  if (/[A-Za-z0-9]$/.test(prefix)) {
    const rule = `a prefix must end with a separator, as "v1." does`;
    throw new InvalidSubjectError("include a router", rule, prefix);
  }
  return prefix;
}
