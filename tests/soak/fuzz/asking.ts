import * as front from "@signalbox/nats";
import type { NatsBroker } from "@signalbox/nats";
import { within } from "../../support/within.ts";
import { WORKS } from "./work.ts";

/** What may be told of a work that came to nothing: each a class that the package documents. */
const KNOWN: readonly (new (...args: never[]) => Error)[] = [
  front.ConnectionError,
  front.DecodeError,
  front.LinkError,
  front.NoRespondersError,
  front.OutboxFullError,
  front.PayloadTooLargeError,
  front.PermissionError,
  front.RemoteError,
  front.TimeoutError,
];
/** Nothing that is asked for waits longer than this, in milliseconds: its own patience, and what follows from it. */
const LONGEST = 8_000;

/** What became of works. */
export interface Outcome {
  readonly given: number;
  /** How often each documented error was told. */
  readonly told: ReadonlyMap<string, number>;
  /** What should not be: nothing came back in time, or an error that nobody documents. */
  readonly faults: readonly string[];
  /** Each work's value, as JSON. */
  readonly values: ReadonlyMap<string, string>;
}

/** Does every work so many times at once, and waits for all of them. */
export async function ask(client: NatsBroker, times: number): Promise<Outcome> {
  const told = new Map<string, number>();
  const faults: string[] = [];
  const values = new Map<string, string>();
  const jobs = Object.entries(WORKS).flatMap(([name, work]) =>
    Array.from({ length: times }, (_, n) => ({ name: `${name} ${n}`, run: () => work(client, n) }))
  );
  await Promise.all(jobs.map(async ({ name, run }) => {
    try {
      values.set(name, JSON.stringify(await within(name, run(), LONGEST)) ?? "nothing");
    } catch (error) {
      const known = KNOWN.find((kind) => error instanceof kind);
      if (known) told.set(known.name, (told.get(known.name) ?? 0) + 1);
      else faults.push(`${name}: ${error}`);
    }
  }));
  return { given: values.size, told, faults, values };
}
