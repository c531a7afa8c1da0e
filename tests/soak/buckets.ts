/**
 * Buckets while their server is killed: many writers of one value by `change()`, each increment counted once, and a mirror
 * of many keys, which must equal its bucket and never show a part of a batch. One line for each.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/buckets.ts --writers 64 --increments 64
 * ```
 *
 * @module
 */
import { counting } from "./buckets/counting.ts";
import { mirroring } from "./buckets/mirroring.ts";
import { readOptions } from "./options.ts";

if (import.meta.main) {
  const { writers, increments, kills, keys, restarts, changes } = readOptions(Deno.args, {
    writers: 64,
    increments: 64,
    kills: 10,
    keys: 10_000,
    restarts: 20,
    changes: 200,
  });
  const runs = [
    () => counting({ writers, increments, kills }),
    () => mirroring({ keys, restarts, changes }),
  ];
  for (const run of runs) {
    const { line, faults } = await run();
    console.log(line);
    for (const fault of faults) console.log(`  ${fault}`);
    if (faults.length > 0) Deno.exitCode = 1;
  }
}
