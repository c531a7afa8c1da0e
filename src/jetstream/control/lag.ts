import type { ConsumerInfo } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { ask, type ConsumerName, consumerOf, forBoth, type Permit } from "./subjects.ts";

/** What a consumer has not done yet, with what was given back to it of its dead letters. */
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
  return lagIn(
    await forBoth(named, given, (each) => ask<ConsumerInfo>(each, "CONSUMER.INFO", permit)),
  );
}

/** What the server says of the lag of consumers, added up. */
export function lagIn(infos: readonly ConsumerInfo[]): Lag {
  const pending = infos.reduce((sum, { num_pending }) => sum + num_pending, 0);
  const unsettled = infos.reduce((sum, { num_ack_pending }) => sum + num_ack_pending, 0);
  return { pending, unsettled, total: pending + unsettled };
}
