/**
 * Has peers that speak the protocol of links, and lie in it, talk to a broker, as openers and as servers: nothing may
 * crash, every link must end, what is held must stay within bounds, and honest work beside them must be whole. A seed
 * lies the same again.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/hostile_peer.ts --from 1 --seeds 10000
 * ```
 *
 * @module
 */
import { lie } from "./hostile_peer/run.ts";
import { readOptions } from "./options.ts";

if (import.meta.main) {
  try {
    const { line, faults } = await lie(
      readOptions(Deno.args, { from: 1, seeds: 1_000, together: 100 }),
    );
    console.log(line);
    for (const fault of faults) console.error(`  ${fault}`);
    if (faults.length > 0) Deno.exitCode = 1;
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 2;
  }
}
