import type { Bucket } from "./bucket.ts";

/** Milliseconds between the retries for a replica that is behind: less than two seconds in total. */
const WAITS = [50, 100, 200, 400, 800];

/**
 * Retries a lookup that found nothing. In a cluster, the server that answers may be behind, or may not know yet that it
 * lost its leadership; with a single server, nothing found means missing.
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
