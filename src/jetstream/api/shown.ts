import { describe, holdsOptions } from "../../options.ts";

/** The most fields that an error message names. */
const MOST = 10;

/**
 * Describes a wrong value for an error message. For an object, it shows the names of the fields, such as `{ delay }`, but
 * not their values, which may be secret.
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
