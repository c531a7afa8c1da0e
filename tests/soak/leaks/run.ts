import { Crashes } from "../../support/crashes.ts";
import { seeded } from "../../unit/seeded_random.ts";
import { passMinute, Tally } from "./minute.ts";
import { Place } from "./place.ts";
import { COUNTED, look, lookWhenQuiet, type Remains, total } from "./remains.ts";
import type { StationKind } from "./station.ts";
import { header, row } from "./table.ts";
import { Timers } from "./timers.ts";

/** How much is done. */
export interface LeaksPlan {
  readonly seed: number;
  readonly minutes: number;
  /** Minutes' worth before the first look; what they leave behind is there to stay: compiled code, pools, caches. */
  readonly warmUp: number;
  /** Minutes' worth from one look to the next. */
  readonly every: number;
  readonly station: StationKind;
}

/** How much more than after the warm-up there may be. */
export interface Slack {
  /** Bytes. */
  readonly heap: number;
  /** Bytes of the process, which may do other things as well. */
  readonly rss: number;
  /** Files of the process. */
  readonly files: number;
}

/** What came of it. */
export interface LeaksResult {
  readonly line: string;
  /** What should not have been. */
  readonly faults: readonly string[];
}

/** Has so many minutes' worth pass, and looks at what they leave behind; each line of the table is told as it comes. */
export async function leaks(
  plan: LeaksPlan,
  slack: Slack,
  tell: (line: string) => void = () => {},
): Promise<LeaksResult> {
  const { seed, minutes, warmUp, every, station } = plan;
  using crashes = new Crashes();
  using timers = new Timers();
  await using place = await Place.open(station);
  const [random, tally, began] = [seeded(seed), new Tally(), performance.now()];
  await look(place, timers); // the first one opens a connection that stays
  const before = await look(place, timers);
  // the runtime opens a pair of sockets for itself at some time
  let bounds = { ...before, files: Infinity };
  const seconds = () => (performance.now() - began) / 1_000;
  const pass = async (count: number) => {
    for (let minute = 0; minute < count; minute++) await passMinute(place, random, tally);
    return await lookWhenQuiet(place, timers, bounds);
  };
  tell(header());
  tell(row("start", before, seconds()));
  const first = await pass(warmUp);
  tell(row("warm", first, seconds()));
  bounds = { ...before, files: first.files + slack.files };
  const faults: string[] = [];
  for (let passed = 0; passed < minutes;) {
    const count = Math.min(every, minutes - passed);
    const now = await pass(count);
    passed += count;
    tell(row(`${passed} min`, now, seconds()));
    faults.push(...grown(bounds, first, now, slack).map((fault) => `${passed} min: ${fault}`));
  }
  faults.push(...tally.faults, ...crashes.found.map((crash) => `crash: ${crash}`));
  const line = `seed ${seed}, ${station}: ${tally.done} works, ${tally.asMeant} of them as meant`;
  return { line: `${line}; ${seconds().toFixed(1)} s`, faults };
}

function grown(before: Remains, first: Remains, now: Remains, slack: Slack): string[] {
  const faults: string[] = [];
  for (const name of COUNTED) {
    if (now[name] > before[name]) faults.push(`${now[name] - before[name]} ${name} are left`);
  }
  for (const name of ["heap", "rss"] as const) {
    const more = now[name] - first[name];
    if (more > slack[name]) faults.push(`the ${name} has grown by ${more} bytes`);
  }
  if (total(now) > 0) {
    const kept = [...now.kept].map(([name, count]) => `${count} ${name}`).join(", ");
    faults.push(`something keeps ${kept}`);
  }
  return faults;
}
