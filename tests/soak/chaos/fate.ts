import type { Heard } from "./heard.ts";
import type { Accepted, Publishing } from "./publishing.ts";
import type { Break } from "./sender.ts";

/** What became of the messages. */
export interface Fate {
  readonly accepted: number;
  /** How many of those while the sender was disconnected. */
  readonly held: number;
  readonly delivered: number;
  readonly lost: number;
  readonly lostHeld: number;
  /** How many of the lost no event told of. */
  readonly untold: number;
  /** How many were refused and came nevertheless. */
  readonly refusedDelivered: number;
}

/** A message counts as delivered if any of the readers heard it. */
export function fateOf(
  { accepted, refused }: Pick<Publishing, "accepted" | "refused">,
  heard: readonly Heard[],
  breaks: readonly Break[],
): Fate {
  const delivered = new Set(heard.flatMap(({ numbers }) => [...numbers]));
  const held = accepted.filter(({ isHeld }) => isHeld);
  const isLost = ({ number }: Accepted) => !delivered.has(number);
  const lost = accepted.filter(isLost);
  return {
    accepted: accepted.length,
    held: held.length,
    delivered: accepted.length - lost.length,
    lost: lost.length,
    lostHeld: held.filter(isLost).length,
    untold: untold(lost, breaks),
    refusedDelivered: [...refused.keys()].filter((number) => delivered.has(number)).length,
  };
}

/** Each break has to answer for what was published since the one before: no event tells of another's losses. */
function untold(lost: readonly Accepted[], breaks: readonly Break[]): number {
  let found = lost.length;
  let since = -Infinity;
  for (const { at, unconfirmed } of breaks) {
    const here = lost.filter((message) => message.at > since && message.at <= at).length;
    found -= Math.min(here, unconfirmed);
    since = at;
  }
  return found;
}
