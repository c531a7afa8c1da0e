import type { JetStreamApi } from "../api/js_api.ts";
import { PullCredit } from "./pull_credit.ts";
import { ReadConsumer } from "./read_consumer.ts";

/** Where to look for more messages. */
export interface Behind {
  readonly stream: string;
  /** Subjects, with or without wildcards; none stands for all. */
  readonly filters: readonly string[];
  /** Behind this message. */
  readonly seq: number;
  /** After how long the server may at most delete a consumer, in nanoseconds. */
  readonly longest: number;
}

const NOBODY = { take: () => {}, idle: () => {}, lost: () => {} };

/**
 * Whether a stream has a message behind another one. A new consumer is told, as one that is there may be told wrong, and
 * as a user who may read a part of a stream may make one for that part, and ask for no single messages.
 */
export async function hasMoreBehind(api: JetStreamApi, behind: Behind): Promise<boolean> {
  const { stream, filters, seq, longest } = behind;
  const start = { deliver_policy: "by_start_sequence", opt_start_seq: seq + 1 } as const;
  const pulling = { credit: new PullCredit(1), isByNumber: () => false, isHasty: true };
  const consumer = new ReadConsumer(api, { stream, filters, ...start }, pulling, NOBODY);
  try {
    return (await consumer.create(longest)).num_pending > 0;
  } catch {
    // an outage, or the stream is gone: the read itself will hear of it
    return true;
  } finally {
    void consumer.end();
  }
}
