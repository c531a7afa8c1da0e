import { usedMemory } from "../../support/memory.ts";
import type { Place } from "./place.ts";
import type { ServerCounts } from "./station.ts";
import type { Timers } from "./timers.ts";

/** What a process has at a moment when nothing is under way. */
export interface Remains extends ServerCounts {
  /** Bytes on the heap, once all that nobody reaches has been collected. */
  readonly heap: number;
  readonly rss: number;
  /** Open file descriptors; 0 where the system does not tell. */
  readonly files: number;
  readonly timers: number;
  /** How many listen to the signal that lasts as long as the program. */
  readonly listeners: number;
  /** What a program was given and has let go, of each class, that something keeps still. */
  readonly kept: ReadonlyMap<string, number>;
}

/** What is counted, and has to be as it was. */
export const COUNTED = ["files", "timers", "listeners", "connections", "subscriptions"] as const;

/** Ends take a while to get about, but not as long as this, in milliseconds. */
const PATIENCE = 20_000;

/** Looks at what there is now. */
export async function look(place: Place, timers: Timers): Promise<Remains> {
  const open = timers.open;
  const counts = await place.station.counts();
  const kept = await place.given.kept();
  const { rss } = Deno.memoryUsage();
  const { connections, subscriptions } = counts;
  const { listeners } = place.lasting;
  const counted = { files: openFiles(), timers: open, listeners, connections, subscriptions };
  return { ...counted, heap: usedMemory(), rss, kept };
}

/** Looks until nothing is under way any more, or for as long as it may take. */
export async function lookWhenQuiet(
  place: Place,
  timers: Timers,
  before: Remains,
): Promise<Remains> {
  const limit = performance.now() + PATIENCE;
  while (true) {
    const now = await look(place, timers);
    const isQuiet = COUNTED.every((name) => now[name] <= before[name]) && total(now) === 0;
    if (isQuiet || performance.now() > limit) return now;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** How many objects are kept, of whatever class. */
export function total({ kept }: Remains): number {
  return kept.values().reduce((sum, count) => sum + count, 0);
}

function openFiles(): number {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].length;
  } catch {
    return 0;
  }
}
