import { seeded } from "../../unit/seeded_random.ts";
import { MAX_PAYLOAD } from "./plan.ts";

/** Who said something. */
export type Side = "client" | "service";

/** What is said: its place, and something whose length and letters follow from it. */
export interface Frame {
  readonly side: Side;
  readonly session: number;
  readonly number: number;
  readonly fill: string;
}

/** The same frame for the same place, whoever makes it. */
export function frameAt(side: Side, session: number, number: number): Frame {
  const random = seeded(Math.imul(session * 2 + (side === "client" ? 0 : 1), 40_503) + number * 7);
  random(2); // the first number of neighbouring seeds is nearly the same
  const kind = random(100);
  const size = kind === 0 ? MAX_PAYLOAD + random(2 * MAX_PAYLOAD) : random(kind < 10 ? 4_000 : 200);
  return { side, session, number, fill: String.fromCharCode(97 + random(26)).repeat(size) };
}

/** The number of a frame of that side and session; undefined if it is another's, or not whole. */
export function numberOf(body: unknown, side: Side, session: number): number | undefined {
  const found = body as Frame | undefined;
  if (found?.side !== side || found.session !== session) return undefined;
  const { number, fill } = found;
  return fill === frameAt(side, session, number).fill ? number : undefined;
}
