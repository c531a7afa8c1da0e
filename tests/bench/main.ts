/**
 * Measures ours beside the bare client, nats.js, over the same transport: how fast it works, what it holds in memory, what
 * its import costs, and how the costs grow. A busy machine makes single numbers noise, so both sides take turns and the
 * ratios are what counts.
 *
 * ```sh
 * deno task bench [--quick] [--plain] [--peers] [--only NAME] [--json FILE] [--svg FILE]
 * ```
 *
 * With `--plain` the bare clients keep Nagle's algorithm on, as they come; with `--peers` other frameworks do the same.
 * It fails if a work does, not for an aim that is missed.
 *
 * @module
 */
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { chart } from "./chart/chart.ts";
import { conditions, told } from "./conditions.ts";
import { Ends } from "./ends.ts";
import { panelOf } from "./growth/curve.ts";
import { zodIfThere } from "./handlers/order_schema.ts";
import type { Finding } from "./measurement.ts";
import { measurements } from "./measurements.ts";
import { type BenchOptions, benchOptions } from "./options.ts";
import { QUICK } from "./pace.ts";
import { showing } from "./progress.ts";
import { table } from "./table.ts";

const TITLE = "What one operation costs as there is more of everything";

async function bench(options: BenchOptions): Promise<void> {
  const { pace, isPlain, hasPeers, only, json, svg } = options;
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  await using ends = await Ends.open(server.url, isPlain);
  const chosen = measurements(ends, await zodIfThere()).filter(({ name }) => name.includes(only));
  if (chosen.length === 0) {
    throw new TypeError(`Cannot measure as --only must be a part of a work's name: "${only}"`);
  }
  const found = await conditions(server);
  console.log(told(found));
  const findings: Finding[] = [];
  for (const { name, measure } of chosen) findings.push(await measure(pace, showing(name)));
  console.log(table(findings.map(({ row }) => row)));
  if (json) await Deno.writeTextFile(json, fileOf({ conditions: found, isPlain, findings }));
  const panels = findings.flatMap(({ curve }) => curve ? [panelOf(curve)] : []);
  if (svg && panels.length > 0) await Deno.writeTextFile(svg, chart(TITLE, panels));
  if (hasPeers) console.log(`\n${await besidePeers(server.url, pace === QUICK)}`);
}

/** Loaded only where they are asked for, as not everyone can have what they need. */
async function besidePeers(server: string, quick: boolean): Promise<string> {
  const { peers } = await import("./peers/mod.ts");
  return await peers({ quick, server });
}

function fileOf(
  { findings, ...rest }: { readonly findings: readonly Finding[]; readonly [key: string]: unknown },
): string {
  const results = findings.map(({ details }) => details);
  return `${JSON.stringify({ ...rest, results }, null, 2)}\n`;
}

if (import.meta.main) {
  try {
    await bench(benchOptions(Deno.args));
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 1;
  }
}
