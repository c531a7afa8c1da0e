import type { ConsumerInfo } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { waitingIn } from "../consumer/own_store.ts";
import {
  type Copied,
  type Copying,
  copyingNeeds,
  copyingOf,
} from "../consumer/partitions/copying.ts";
import {
  allOf,
  ask,
  type ConsumerName,
  consumerOf,
  firstStreamOf,
  forAll,
  type Named,
  ownOf,
  type Permit,
  permitAsking,
} from "./subjects.ts";

/**
 * What a consumer has not done yet, with what was given back to it of its dead letters. With `partitions`, the server first
 * copies each message into its partition. What it has not copied yet counts as `pending`, together with the messages of other
 * subjects in between. In a cluster, a message may be left out for some milliseconds while its copy reaches the other servers.
 */
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
  /** How far its messages were copied, if it has partitions. */
  readonly copying: Copying | undefined;
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
  for (const each of allOf(named, given)) permitAsking(each, "CONSUMER.INFO", permit);
  const copied = copiedOf(named, given);
  if (copied) permit(...copyingNeeds(copied));
  const isScheduled = ownOf(named, given) !== undefined;
  if (isScheduled) permit(`${api.prefix}.STREAM.INFO.${stream}`);
  const copying = copied && await copyingOf(copied);
  const [infos, waiting] = await Promise.all([
    forAll(named, given, (each) => ask<ConsumerInfo>(each, "CONSUMER.INFO", permit)),
    isScheduled ? waitingIn(api, stream, consumer) : 0,
  ]);
  const missing = copying?.missing ?? 0;
  const pending = infos.reduce((sum, { num_pending }) => sum + num_pending, missing);
  const unsettled = infos.reduce((sum, { num_ack_pending }) => sum + num_ack_pending, waiting);
  return { infos, copying, lag: { pending, unsettled, total: pending + unsettled } };
}

/** The two streams of a consumer with partitions; `undefined` if it has none. */
export function copiedOf({ api, stream }: Named, given: ConsumerName): Copied | undefined {
  if (given.partitions === undefined) return undefined;
  return { api, stream: firstStreamOf(given), queue: stream };
}
