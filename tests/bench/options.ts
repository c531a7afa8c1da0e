import type { Effort } from "./interleave.ts";

/** How it is called. */
export interface BenchOptions {
  readonly effort: Effort;
  /** A part of the names of the works that are measured; empty for all. */
  readonly only: string;
  /** Where the results are written to. */
  readonly json: string | undefined;
}

export const USAGE = "main.ts [--quick] [--only NAME] [--json FILE]";

const QUICK: Effort = { rounds: 10, length: 150 };
const THOROUGH: Effort = { rounds: 40, length: 350 };

/**
 * Reads the arguments.
 *
 * @throws {TypeError} for one that is unknown, or lacks its value
 */
export function benchOptions(args: readonly string[]): BenchOptions {
  let options: BenchOptions = { effort: THOROUGH, only: "", json: undefined };
  const rest = args.values();
  for (const arg of rest) {
    if (arg === "--quick") options = { ...options, effort: QUICK };
    else if (arg === "--only") options = { ...options, only: valueOf(arg, rest) };
    else if (arg === "--json") options = { ...options, json: valueOf(arg, rest) };
    else throw new TypeError(`Cannot measure as the arguments must be ${USAGE}: "${arg}"`);
  }
  return options;
}

function valueOf(name: string, rest: Iterator<string>): string {
  const { value } = rest.next();
  if (value) return value;
  throw new TypeError(`Cannot measure as "${name}" must have a value: ${USAGE}`);
}
