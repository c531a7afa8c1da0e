/**
 * The faults of JetStream of `deno task chaos` in a small form: ours, nats.js and FastStream, one after the other, each as
 * its own documentation has it. A table of figures is the result; nothing is promised of the others.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/jetstream_peers.ts --seed 1
 * ```
 *
 * @module
 */
import { markdownTable } from "../support/markdown_table.ts";
import { PEERS } from "./jetstream/peers/peers.ts";
import { BESIDE } from "./jetstream/plan.ts";
import { runWork } from "./jetstream/run.ts";
import { OURS, type Side } from "./jetstream/side.ts";
import { verdictOf } from "./jetstream/verdict.ts";
import { readOptions } from "./options.ts";

const COLUMNS = [
  "client",
  "faults of nodes",
  "ends of workers",
  "stored",
  "refused",
  "stored all the same",
  "handled",
  "lost",
  "handled again",
  "after it was confirmed",
  "dead letters",
  "given up in silence",
];

async function row(name: string, side: Side, seed: number): Promise<string[]> {
  const plan = { ...BESIDE, seed };
  const outcome = await runWork(plan, side);
  for (const error of outcome.errors) console.error(`${name}: ${Deno.inspect(error)}`);
  const { lost, afterConfirmed, again, undead, wronglyDead } = verdictOf(plan, outcome);
  const { faults, kills, deaths, stored, failures, account, dead, read: { seen } } = outcome;
  const doomed = new Set(undead);
  // what was not stored cannot be handled
  const isMissing = (n: number) => seen.has(n) && !doomed.has(n);
  return [
    name,
    faults,
    kills + deaths,
    stored,
    [...failures].map(([name, count]) => `${count} ${name}`).join(", ") || 0,
    seen.size - stored,
    account.done.size,
    lost.filter(isMissing).length,
    again,
    account.confirmed.size > 0 ? afterConfirmed.length : "unknown",
    wronglyDead.length > 0 ? `${dead.length}, ${wronglyDead.length} wrong` : dead.length,
    undead.filter((n) => seen.has(n)).length,
  ].map(String);
}

if (import.meta.main) {
  try {
    const { seed, only } = readOptions(Deno.args, { seed: 1, only: "all" });
    const sides: Readonly<Record<string, () => Promise<Side>>> = {
      "ours": () => Promise.resolve(OURS),
      ...PEERS,
    };
    const rows: string[][] = [];
    for (const [name, open] of Object.entries(sides)) {
      if (only !== "all" && only !== name) continue;
      console.error(`${name} …`);
      rows.push(await row(name, await open(), seed));
    }
    console.log(markdownTable(COLUMNS, rows));
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 2;
  }
}
