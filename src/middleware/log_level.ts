import { oneOf, type Rule } from "../options.ts";

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
