/** Whether whatever is in `narrow`, a subject or a pattern of subscription, is in `wide` too. */
export function covers(wide: string, narrow: string): boolean {
  return admits(wide, narrow) && (!narrow.endsWith(">") || wide.endsWith(">"));
}

/**
 * Whether nats-server finds `asked` under `entry`, where it decides what a user may do. It reads the tokens of `asked` as
 * they are written, so that `orders.*` admits `orders.>`, which is more than it covers.
 */
export function admits(entry: string, asked: string): boolean {
  const given = asked.split(".");
  const tokens = entry.split(".");
  const isOpen = tokens.at(-1) === ">";
  if (isOpen) tokens.pop();
  if (isOpen ? given.length <= tokens.length : given.length !== tokens.length) return false;
  return tokens.every((token, at) => token === "*" || token === given[at]);
}
