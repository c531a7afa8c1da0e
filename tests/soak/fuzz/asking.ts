import * as front from "@signalbox/nats";
import type { NatsBroker } from "@signalbox/nats";
import { equal } from "@std/assert";
import { within } from "../../support/within.ts";
import { type Mood, WORKS } from "./work.ts";

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
/** What became of works. */
export interface Outcome {
  readonly given: number;
  /** How often each documented error was told. */
  readonly told: ReadonlyMap<string, number>;
  /** What should not be: nothing came back in time, or an error that nobody documents. */
  readonly faults: readonly string[];
  /** The works that failed, or gave something else than they must. */
  readonly unwell: readonly string[];
}

/** Does every work so many times at once, and waits for all of them. */
export async function ask(client: NatsBroker, times: number, mood: Mood): Promise<Outcome> {
  const told = new Map<string, number>();
  const faults: string[] = [];
  const unwell: string[] = [];
  let given = 0;
  const jobs = Object.entries(WORKS).flatMap(([name, work]) =>
    Array.from({ length: times }, (_, n) => ({ name: `${name} ${n}`, work, n }))
  );
  await Promise.all(jobs.map(async ({ name, work: { run, gives }, n }) => {
    try {
      const value = await within(name, run(client, n, mood), mood.longest);
      given++;
      if (!equal(value, gives(n))) unwell.push(`${name} gave ${Deno.inspect(value)}`);
    } catch (error) {
      unwell.push(`${name}: ${error}`);
      const known = KNOWN.find((kind) => error instanceof kind);
      if (known) told.set(known.name, (told.get(known.name) ?? 0) + 1);
      else faults.push(`${name}: ${error}`);
    }
  }));
  return { given, told, faults, unwell };
}
