/**
 * Has a broker with handlers, requests, inboxes, streams and sessions work through a wire that mutates, splits, delays, drops and
 * cuts what goes both ways: nothing may crash, hang or grow, and after each storm all must be well again. One line tells how it
 * went; a seed does the same mischief again.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/fuzz.ts --seed 1 --rounds 100 --over webSocket
 * ```
 *
 * @module
 */
import { fuzz } from "./fuzz/run.ts";
import { readOptions } from "./options.ts";

if (import.meta.main) {
  try {
    const plan = readOptions(Deno.args, { seed: 1, rounds: 50, every: 12, over: "tcp" });
    const transport = plan.over === "webSocket" ? "webSocket" : "tcp";
    const { line, faults } = await fuzz({ ...plan, transport });
    console.log(line);
    for (const fault of faults) console.error(`  ${fault}`);
    if (faults.length > 0) Deno.exitCode = 1;
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 2;
  }
}
