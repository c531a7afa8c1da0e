/**
 * Measures inbox names and requests beside the bare client, nats.js, over the same transport. A busy machine
 * makes single numbers noise, so both sides take turns and the ratios are what counts.
 *
 * ```sh
 * deno task bench [--quick] [--only NAME] [--json FILE]
 * ```
 *
 * It fails if a work does, not for an aim that is missed.
 *
 * @module
 */
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { conditions, told } from "./conditions.ts";
import { Ends } from "./ends.ts";
import { interleave } from "./interleave.ts";
import { type BenchOptions, benchOptions } from "./options.ts";
import { type Result, resultOf } from "./result.ts";
import { table } from "./table.ts";
import type { Work } from "./work.ts";
import { works } from "./works.ts";

async function bench({ effort, only, json }: BenchOptions): Promise<void> {
  await using server = await NatsServer.start();
  await using ends = await Ends.open(server.url);
  const chosen = works(ends).filter(({ name }) => name.includes(only));
  if (chosen.length === 0) {
    throw new TypeError(`Cannot measure as --only must be a part of a work's name: "${only}"`);
  }
  const found = await conditions(server);
  console.log(told(found));
  const results: Result[] = [];
  for (const work of chosen) {
    results.push(resultOf(work, await interleave(work, effort, showing(work))));
  }
  console.log(table(results));
  if (json) await Deno.writeTextFile(json, JSON.stringify({ conditions: found, results }, null, 2));
}

function showing({ name }: Work): (done: number, of: number) => void {
  const terminal = Deno.stderr.isTerminal();
  return (done, of) => {
    const ended = done === of;
    const text = `${name}: ${done} of ${of} rounds`;
    if (terminal) Deno.stderr.writeSync(new TextEncoder().encode(`\r${text}${ended ? "\n" : ""}`));
    else if (done === 0 || ended) console.error(text);
  };
}

if (import.meta.main) {
  try {
    await bench(benchOptions(Deno.args));
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 1;
  }
}
