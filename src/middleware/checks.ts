import { checkOptions, oneOf, type Rule, type Rules } from "../options.ts";

/**
 * Checks options and also that required ones are present, which `checkOptions` does not check.
 *
 * @throws {TypeError} naming the first of `names` that is missing, or the first option that is wrong
 */
export function checkRequired(
  action: string,
  options: object,
  rules: Rules,
  names: readonly string[] = Object.keys(rules),
): void {
  checkOptions(action, options, rules);
  const missing = names.find((name) =>
    (options as Record<string, unknown> | undefined)?.[name] === undefined
  );
  if (missing === undefined) return;
  const wanted = rules[missing]!(undefined);
  throw new TypeError(`Cannot ${action} as "${missing}" must be ${wanted}: undefined`);
}

/** A method of `console` that writes a line. */
export type LogLevel = "debug" | "info" | "warn" | "error";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** One of the levels. */
export const logLevel: Rule = oneOf(...LEVELS);

/** An object with a method for each level. */
export const shapedAsConsole: Rule = (logger) => {
  const writes = (level: LogLevel) => typeof (logger as Partial<Console>)?.[level] === "function";
  return LEVELS.every(writes) ? undefined : "shaped as console";
};
