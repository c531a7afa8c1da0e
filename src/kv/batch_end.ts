import type { KeyPattern } from "./keys.ts";
import { partOf } from "./batch_groups.ts";
import { lookupNext } from "./lookup.ts";
import type { OpenedBucket } from "./opened_bucket.ts";

/**
 * Whether nothing more comes, for these keys, of a batch of which the message `seq` has come, but not the last one. The
 * server delivers the first ones while it still stores the others.
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

/** Looks for the last message of the batch, or for one behind it, in ever larger steps. */
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
      // what came behind it may have been removed again, and its number is not given out twice
      const { state } = await bucket.info();
      return state.last_seq > last;
    }
  }
}
