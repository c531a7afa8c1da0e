import { describe, holdsOptions } from "../../options.ts";

/** The most fields that an error message names. */
const MOST = 10;

/**
 * A wrong value in an error message: of an object the names of its fields, such as `{ delay }`, and not their values, which
 * may be secret.
 */
export function shown(value: unknown): string {
  if (!holdsOptions(value)) return describe(value);
  const names = Object.keys(value);
  const listed = names.slice(0, MOST).map((name) =>
    /^\w{1,40}$/.test(name) ? name : describe(name)
  );
  if (names.length > MOST) listed.push("…");
  return names.length === 0 ? "{}" : `{ ${listed.join(", ")} }`;
}
