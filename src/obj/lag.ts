import type { Bucket } from "./bucket.ts";

/** Milliseconds from one look to the next, for what a replica may not have yet: less than two seconds in all. */
const WAITS = [50, 100, 200, 400, 800];

/**
 * Looks until it is found. In a cluster a server may answer that is behind, or that has not heard yet that it leads no
 * more; where there is one server, what is not there is missing.
 */
export async function lookAgain<Found>(
  bucket: Bucket,
  look: () => Promise<Found | undefined>,
): Promise<Found | undefined> {
  let found = await look();
  for (const wait of bucket.mayLag ? WAITS : []) {
    if (found !== undefined) break;
    await bucket.access.clock.inRealTime(wait);
    found = await look();
  }
  return found;
}
