/** The page sizes: names, and infos of streams or consumers, per response. */
export const MAX_NAMES = 1_024;
export const MAX_LISTED = 256;

/** The paging fields of a list response. */
export interface Page {
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
}

/** The page that begins at the offset, with the paging fields of its response. */
export function page<T>(
  list: readonly T[],
  offset = 0,
  limit: number,
): Page & { readonly items: readonly T[] } {
  const from = Math.min(Math.max(offset, 0), list.length);
  return { total: list.length, offset: from, limit, items: list.slice(from, from + limit) };
}
