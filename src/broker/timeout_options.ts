import { milliseconds } from "../options.ts";

/** How long something may take. */
export interface TimeoutOptions {
  /** Milliseconds. */
  readonly timeout?: number;
}

export const TIMEOUT_RULES = { timeout: milliseconds };
