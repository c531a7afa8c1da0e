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
}

const NOBODY = { take: () => {}, idle: () => {}, lost: () => {} };

/**
 * Whether a stream has a message after another one. Asks with a new consumer: an existing one can report a wrong count,
 * and a user with access to some subjects may be permitted to create a consumer for them, but not to get single
 * messages.
 */
export async function hasMoreBehind(api: JetStreamApi, behind: Behind): Promise<boolean> {
  const { stream, filters, seq, longest } = behind;
  const start = { deliver_policy: "by_start_sequence", opt_start_seq: seq + 1 } as const;
  const pulling = { credit: new PullCredit(1), isByNumber: () => false, isHasty: true };
  const consumer = new ReadConsumer(api, { stream, filters, ...start }, pulling, NOBODY);
  try {
    return (await consumer.create(longest)).num_pending > 0;
  } catch {
    // in an outage, or without the stream, the read itself gets the error
    return true;
  } finally {
    void consumer.end();
  }
}
