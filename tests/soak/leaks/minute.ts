import * as front from "@signalbox/nats";
import { within } from "../../support/within.ts";
import type { Random } from "../../unit/seeded_random.ts";
import { CONNECTS } from "./connects.ts";
import { INBOXES } from "./inboxes.ts";
import type { Kinds } from "./kind.ts";
import { PASSINGS } from "./passings.ts";
import type { Place } from "./place.ts";
import { REQUESTS } from "./requests.ts";
import { SESSIONS } from "./sessions.ts";
import { STREAMS } from "./streams.ts";

/** Whatever happens within a minute. */
export const MINUTE: Kinds = {
  ...CONNECTS,
  ...REQUESTS,
  ...INBOXES,
  ...STREAMS,
  ...SESSIONS,
  ...PASSINGS,
};

/** So many things are done at once. */
const LANES = 32;
/** Nothing takes longer, in milliseconds, on a busy machine either. */
const LONGEST = 30_000;

/** How the works of each kind ended, and how often. */
export class Tally {
  readonly #ends = new Map<string, number>();
  readonly #broken: string[] = [];
  #done = 0;

  count(name: string, end: string): void {
    this.#done++;
    const key = `${name}: ${end}`;
    this.#ends.set(key, (this.#ends.get(key) ?? 0) + 1);
  }

  /** An end that nobody documents, or none in time. */
  break(name: string, error: unknown): void {
    this.#broken.push(`${name}: ${error}`);
  }

  get done(): number {
    return this.#done;
  }

  /** How many ended as they were meant to; an outage is in the way of the others. */
  get asMeant(): number {
    const ends = Object.entries(MINUTE).map(([name, { ends }]) => `${name}: ${ends}`);
    return ends.reduce((sum, end) => sum + (this.#ends.get(end) ?? 0), 0);
  }

  /** What broke, and the kinds of which none ended as it was meant to: they would show nothing. */
  get faults(): readonly string[] {
    const missed = Object.entries(MINUTE).filter(([name, { ends }]) =>
      !this.#ends.has(`${name}: ${ends}`)
    );
    return [...this.#broken, ...missed.map(([name]) => `"${name}" never went as meant`)];
  }
}

/** Does a minute's worth, in an order that only the random numbers decide. */
export async function passMinute(place: Place, random: Random, tally: Tally): Promise<void> {
  const jobs = Object.entries(MINUTE).flatMap(([name, { times, work }]) =>
    Array.from({ length: times }, () => ({ name, work, n: random(2 ** 30) }))
  );
  for (let at = jobs.length - 1; at > 0; at--) {
    const other = random(at + 1);
    [jobs[at], jobs[other]] = [jobs[other]!, jobs[at]!];
  }
  const lane = async () => {
    for (let job; (job = jobs.pop());) {
      const { name, work, n } = job;
      try {
        tally.count(name, await within(`"${name}" must end`, work(place, n), LONGEST));
      } catch (error) {
        const end = told(error);
        if (end) tally.count(name, end);
        else tally.break(name, error);
      }
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

/** The words for an error that a program may be told; for any other there are none. */
function told(error: unknown): string | undefined {
  if (error instanceof front.RemoteError) return `RemoteError ${error.code}`;
  if (error instanceof front.ConnectionError) return `ConnectionError ${error.reason}`;
  if (error instanceof front.LinkError) return `LinkError ${error.reason}`;
  if (error instanceof front.TimeoutError) return error.name;
  if (error instanceof front.NoRespondersError) return error.name;
  if (error instanceof DOMException) return error.name;
}
