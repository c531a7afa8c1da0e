import type { Place } from "./place.ts";

/** Does a thing once, a little different with each number, and says how it ended. */
export type Work = (place: Place, n: number) => Promise<string>;

/** What is done again and again. */
export interface Kind {
  /** How often in a minute. */
  readonly times: number;
  /** How it ends where nothing comes in between; an outage may. */
  readonly ends: string;
  readonly work: Work;
}

/** Kinds of work by what they do. */
export type Kinds = Readonly<Record<string, Kind>>;
