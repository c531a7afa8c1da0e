import type { ConsumerInfo } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { waitingIn } from "../consumer/own_store.ts";
import {
  ask,
  type ConsumerName,
  consumerOf,
  forAll,
  type Named,
  ownOf,
  type Permit,
} from "./subjects.ts";

/** What a consumer has not done yet, with what was given back to it of its dead letters. */
export interface Lag {
  /** How many messages were not delivered yet. */
  readonly pending: number;
  /** How many were delivered, and are worked on, or wait for their next attempt. */
  readonly unsettled: number;
  /** Both together. */
  readonly total: number;
}

/** The server's state of a consumer and its companions, and their lag in total. */
export interface Lagging {
  readonly infos: readonly [ConsumerInfo, ...ConsumerInfo[]];
  readonly lag: Lag;
}

/** Asks the server what a consumer has not done yet. */
export async function consumerLag(
  api: JetStreamApi,
  given: ConsumerName,
  permit: Permit,
): Promise<Lag> {
  const named = consumerOf(api, "ask for the lag of a consumer", given);
  return (await laggingOf(named, given, permit)).lag;
}

/** Asks the server about a consumer; messages that wait as schedules count, too. */
export async function laggingOf(
  named: Named & { readonly consumer: string },
  given: ConsumerName,
  permit: Permit,
): Promise<Lagging> {
  const { api, stream, consumer } = named;
  const isScheduled = ownOf(named, given) !== undefined;
  if (isScheduled) permit(`${api.prefix}.STREAM.INFO.${stream}`);
  const [infos, waiting] = await Promise.all([
    forAll(named, given, (each) => ask<ConsumerInfo>(each, "CONSUMER.INFO", permit)),
    isScheduled ? waitingIn(api, stream, consumer) : 0,
  ]);
  const pending = infos.reduce((sum, { num_pending }) => sum + num_pending, 0);
  const unsettled = infos.reduce((sum, { num_ack_pending }) => sum + num_ack_pending, waiting);
  return { infos, lag: { pending, unsettled, total: pending + unsettled } };
}
