import type { ConsumerInfo } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { ask, type ConsumerName, consumerOf, type Permit } from "./subjects.ts";

/** What a consumer has not done yet. */
export interface Lag {
  /** How many messages were not delivered yet. */
  readonly pending: number;
  /** How many were delivered, and are worked on, or wait for their next attempt. */
  readonly unsettled: number;
  /** Both together. */
  readonly total: number;
}

/** Asks the server what a consumer has not done yet. */
export async function consumerLag(
  api: JetStreamApi,
  given: ConsumerName,
  permit: Permit,
): Promise<Lag> {
  const named = consumerOf(api, "ask for the lag of a consumer", given);
  return lagIn(await ask<ConsumerInfo>(named, "CONSUMER.INFO", permit));
}

/** What the server says of a consumer's lag. */
export function lagIn({ num_pending: pending, num_ack_pending: unsettled }: ConsumerInfo): Lag {
  return { pending, unsettled, total: pending + unsettled };
}
