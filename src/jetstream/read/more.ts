import type { ConsumerInfo, StreamInfo } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { PullCredit } from "./pull_credit.ts";
import { ReadConsumer } from "./read_consumer.ts";

/** Where to search for further messages. */
export interface Behind {
  readonly stream: string;
  /** Subject filters; empty for all. */
  readonly filters: readonly string[];
  /** Only messages after this sequence. */
  readonly seq: number;
  /** The longest `inactive_threshold` that the stream allows, in nanoseconds. */
  readonly longest: number;
  /** The servers of the stream, if several have it. */
  readonly servers: StreamInfo["cluster"];
}

/** How many consumers to ask until the leader itself has one. */
const TRIES = 6;

const NOBODY = { take: () => {}, idle: () => {}, lost: () => {} };

/**
 * Whether a stream has a message after another one; `undefined` if the leader of its servers did not say so. Asks with a
 * new consumer: an existing one can report a wrong count, and a user with access to some subjects may be permitted to
 * create a consumer for them, but not to get single messages.
 */
export async function hasMoreBehind(
  api: JetStreamApi,
  behind: Behind,
): Promise<boolean | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const found = await lookBehind(api, behind);
    if (!found || found.num_pending > 0) return true;
    if (isOfLeader(found, behind.servers)) return false;
  }
  return undefined;
}

/**
 * Whether a consumer is at the leader of its stream, which alone has all messages: another server may have been away, or
 * stores a message a moment later.
 */
export function isOfLeader({ cluster }: ConsumerInfo, servers: StreamInfo["cluster"]): boolean {
  return !servers || (cluster?.leader !== undefined && cluster.leader === servers.leader);
}

/** What the server says of a new consumer; `undefined` in an outage, or without the stream, as the read itself gets the error. */
async function lookBehind(
  api: JetStreamApi,
  { stream, filters, seq, longest }: Behind,
): Promise<ConsumerInfo | undefined> {
  const start = { deliver_policy: "by_start_sequence", opt_start_seq: seq + 1 } as const;
  const pulling = { credit: new PullCredit(1), isByNumber: () => false, isHasty: true };
  let consumer: ReadConsumer | undefined;
  try {
    // a broker that has stopped refuses the subscription
    consumer = new ReadConsumer(api, { stream, filters, ...start }, pulling, NOBODY);
    return await consumer.create(longest);
  } catch {
    return undefined;
  } finally {
    void consumer?.end();
  }
}
