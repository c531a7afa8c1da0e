/**
 * Has an hour pass in a minute or two. An hour is, in one process and against one server: 600 connects, 36 000 requests, 3 600
 * inboxes, 3 600 streams, 3 600 sessions, 1 200 subscribers that come and go, 600 readers of events that leave, and 60
 * outages. One in four requests and half of all else goes wrong: refused, out of time, aborted, overflown, left, broken off;
 * `MINUTE` says how often each does. Every ten minutes it looks at what is left, and nothing may be: no memory, file, timer, listener,
 * connection, subscription, nor any broker, inbox, stream, session or message that something keeps.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/leaks.ts --seed 1 --minutes 60 --station nats-server
 * ```
 *
 * @module
 */
import { leaks } from "./leaks/run.ts";
import type { StationKind } from "./leaks/station.ts";
import { readOptions } from "./options.ts";

const DEFAULTS = { seed: 1, minutes: 60, station: "nats-server" };

const MIB = 2 ** 20;
// code goes on being compiled for two hours and more, a little less in each; then nothing grows
const SLACK = { heap: 2 * MIB, rss: 48 * MIB, files: 0 };

function chosen(station: string): StationKind {
  if (station === "nats-server" || station === "embedded") return station;
  throw new TypeError(
    `Cannot begin as "--station" must be nats-server or embedded: "${station}"`,
  );
}

if (import.meta.main) {
  try {
    const { seed, minutes, station } = readOptions(Deno.args, DEFAULTS);
    const plan = { seed, minutes, station: chosen(station), warmUp: 10, every: 10 };
    const { line, faults } = await leaks(plan, SLACK, console.log);
    console.log(line);
    for (const fault of faults) console.error(`  ${fault}`);
    // a connection that leaked would go on for ever
    Deno.exit(faults.length > 0 ? 1 : 0);
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exit(2);
  }
}
