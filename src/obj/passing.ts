import { NoRespondersError, OutboxFullError, TimeoutError } from "../errors.ts";
import { UnavailableError } from "../jetstream/api/errors.ts";

/** Whether an error may be gone in a moment: of an outage, or of a cluster that has no leader yet. */
export function isPassing(error: unknown): boolean {
  if (error instanceof UnavailableError) return error.errCode === 0 && error.needs === undefined;
  return [NoRespondersError, OutboxFullError, TimeoutError].some((kind) => error instanceof kind);
}
