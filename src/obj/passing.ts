import { NoRespondersError, OutboxFullError, TimeoutError } from "../errors.ts";
import { UnavailableError } from "../jetstream/api/errors.ts";

/** Whether an error may be temporary: an outage, or a cluster without a leader. */
export function isPassing(error: unknown): boolean {
  if (error instanceof UnavailableError) return error.errCode === 0 && error.needs === undefined;
  return [NoRespondersError, OutboxFullError, TimeoutError].some((kind) => error instanceof kind);
}
