import { withoutHeaders } from "../header_block.ts";

/** The headers of a message without those that its origin has dealt with: expectations, and places in a batch. */
export function copiedHeaders(headers: string): string {
  return withoutHeaders(withoutHeaders(headers, "Nats-Expected-"), "Nats-Batch-");
}
