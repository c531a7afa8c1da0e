/** What a socket is read with; it gives `null` at its end. */
export type Read = (into: Uint8Array) => Promise<number | null>;

const SLAB = 131_072;
/** Where less than this is left of a slab, the next read has a new one. */
const LEAST = 16_384;

/**
 * Reads to the end, and hands each piece over; gives `null` then, and throws what the socket or `take` does. Pieces are
 * cut from a slab, one behind the other, as whoever keeps a message keeps a view of it: the client's transport makes an
 * array of 256 KiB for each read, which with small messages took a third of the time of a request.
 */
export async function readAll(read: Read, take: (piece: Uint8Array) => void): Promise<null> {
  let slab = new Uint8Array(SLAB);
  for (let used = 0;;) {
    const length = await read(used === 0 ? slab : slab.subarray(used));
    if (length === null) return null;
    take(slab.subarray(used, used += length));
    if (used <= SLAB - LEAST) continue;
    slab = new Uint8Array(SLAB);
    used = 0;
  }
}
