import type { Clock } from "../clock.ts";
import { within } from "../deadline.ts";
import { asError } from "../legible.ts";

/** What was begun, and is to be ended. */
export interface Step {
  /** What its end does, for the error if that is too slow. */
  readonly action: string;
  /** Ends it, within so many milliseconds. */
  end(timeout: number): unknown;
}

/** Ends one step after the other, the last one first; a step that fails or is too slow keeps no other from its end. */
export async function endInReverse(
  steps: readonly Step[],
  remaining: () => number,
  { clock, report }: { readonly clock: Clock; readonly report: (error: Error) => void },
): Promise<void> {
  for (const step of steps.toReversed()) {
    const timeout = remaining();
    const ended = Promise.try(() => step.end(timeout));
    await within(ended, { clock, timeout }, step.action).catch((error) => report(asError(error)));
  }
}
