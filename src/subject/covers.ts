/** Whether `wide` matches every subject that `narrow`, a subject or a wildcard pattern, matches. */
export function covers(wide: string, narrow: string): boolean {
  return admits(wide, narrow) && (!narrow.endsWith(">") || wide.endsWith(">"));
}

/**
 * Whether nats-server's permission `entry` admits `asked`. The server compares the tokens of `asked` literally, so that
 * `orders.*` admits `orders.>`, although it does not cover that pattern.
 */
export function admits(entry: string, asked: string): boolean {
  const given = asked.split(".");
  const tokens = entry.split(".");
  const isOpen = tokens.at(-1) === ">";
  if (isOpen) tokens.pop();
  if (isOpen ? given.length <= tokens.length : given.length !== tokens.length) return false;
  return tokens.every((token, at) => token === "*" || token === given[at]);
}
