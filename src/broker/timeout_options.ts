import { milliseconds } from "../options.ts";

/** How long an operation may take. */
export interface TimeoutOptions {
  /** Milliseconds until it ends with a `TimeoutError`. */
  readonly timeout?: number;
}

export const TIMEOUT_RULES = { timeout: milliseconds };
