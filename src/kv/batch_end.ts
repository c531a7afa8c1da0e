import type { KeyPattern } from "./keys.ts";
import { partOf } from "./batch_groups.ts";
import { lookupNext } from "./lookup.ts";
import type { OpenedBucket } from "./opened_bucket.ts";

/**
 * Whether no more messages of the batch will arrive for these keys, although the last one received, `seq`, does not end
 * the batch. The server may deliver the first messages of a batch while it still stores the others.
 */
export async function isAllThatComes(
  bucket: OpenedBucket,
  pattern: KeyPattern,
  id: string,
  seq: number,
): Promise<boolean> {
  if (!await isStoredWhole(bucket, id, seq)) return false;
  const next = await lookupNext(bucket, pattern.wildcard, seq + 1, bucket.limits({}));
  return next === undefined || partOf(next.headers, next.seq)?.id !== id;
}

/** Searches for the batch's last message, or any message after it, in growing steps. */
async function isStoredWhole(bucket: OpenedBucket, id: string, seq: number): Promise<boolean> {
  let last = seq;
  let step = 1;
  for (;;) {
    const found = await lookupNext(bucket, ">", last + step, bucket.limits({}));
    if (found) {
      const part = partOf(found.headers, found.seq);
      if (part?.id !== id || part.isLast) return true;
      last = found.seq;
      step *= 2;
    } else if (step > 1) {
      step = 1;
    } else {
      // a later message may have been removed, and the server never reuses its sequence
      const { state } = await bucket.info();
      return state.last_seq > last;
    }
  }
}
