import { withoutHeaders } from "../header_block.ts";

/**
 * The headers of a copied message, without those that its origin has already acted on: expectations, and places in a batch.
 */
export function copiedHeaders(headers: string): string {
  return withoutHeaders(withoutHeaders(headers, "Nats-Expected-"), "Nats-Batch-");
}
