import { type Pace, QUICK, THOROUGH } from "./pace.ts";

/** How it is called. */
export interface BenchOptions {
  readonly pace: Pace;
  /** Whether the bare clients keep Nagle's algorithm on, as they come. */
  readonly isPlain: boolean;
  /** Whether other frameworks are measured as well. */
  readonly hasPeers: boolean;
  /** A part of the names of what is measured; empty for all. */
  readonly only: string;
  /** Where everything that was found out is written to. */
  readonly json: string | undefined;
  /** Where the curves are drawn. */
  readonly svg: string | undefined;
}

export const USAGE =
  "main.ts [--quick] [--plain] [--peers] [--only NAME] [--json FILE] [--svg FILE]";

const DEFAULTS: BenchOptions = {
  pace: THOROUGH,
  isPlain: false,
  hasPeers: false,
  only: "",
  json: undefined,
  svg: undefined,
};

/**
 * Reads the arguments.
 *
 * @throws {TypeError} for one that is unknown, or lacks its value
 */
export function benchOptions(args: readonly string[]): BenchOptions {
  let options = DEFAULTS;
  const rest = args.values();
  for (const arg of rest) {
    if (arg === "--quick") options = { ...options, pace: QUICK };
    else if (arg === "--plain") options = { ...options, isPlain: true };
    else if (arg === "--peers") options = { ...options, hasPeers: true };
    else if (arg === "--only") options = { ...options, only: valueOf(arg, rest) };
    else if (arg === "--json") options = { ...options, json: valueOf(arg, rest) };
    else if (arg === "--svg") options = { ...options, svg: valueOf(arg, rest) };
    else throw new TypeError(`Cannot measure as the arguments must be ${USAGE}: "${arg}"`);
  }
  return options;
}

function valueOf(name: string, rest: Iterator<string>): string {
  const { value } = rest.next();
  if (value && !value.startsWith("--")) return value;
  throw new TypeError(`Cannot measure as "${name}" must have a value: ${USAGE}`);
}
