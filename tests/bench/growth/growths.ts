import type { Ends } from "../ends.ts";
import type { Measurement } from "../measurement.ts";
import { type Growth, measuring } from "./growth.ts";
import { inboxMessages, inboxOpenings } from "./inboxes.ts";
import { deliveries, subscribings } from "./subjects.ts";
import { waitingRequests } from "./waiting_requests.ts";

export const GROWTHS: readonly Growth[] = [
  deliveries,
  subscribings,
  inboxMessages,
  inboxOpenings,
  waitingRequests,
];

/** One curve each. */
export function growths(ends: Ends): readonly Measurement[] {
  return GROWTHS.map((growth) => measuring(ends, growth));
}
