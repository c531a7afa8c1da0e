/** So many names an answer has at most, and so many streams or consumers. */
export const MAX_NAMES = 1_024;
export const MAX_LISTED = 256;

/** Which part of a list an answer has. */
export interface Page {
  readonly total: number;
  readonly offset: number;
  readonly limit: number;
}

/** The part of a list from an offset on, and how the rest is asked for. */
export function page<T>(
  list: readonly T[],
  offset = 0,
  limit: number,
): Page & { readonly items: readonly T[] } {
  const from = Math.min(Math.max(offset, 0), list.length);
  return { total: list.length, offset: from, limit, items: list.slice(from, from + limit) };
}
