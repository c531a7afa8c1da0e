/** Whether two configurations are equal. */
export function isSameConfig<T>(one: T, other: T): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

/** Sorts keys, as their order does not matter. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.sort(([one], [other]) => one < other ? -1 : 1)
    .map(([name, inner]) => [name, sorted(inner)]);
}
