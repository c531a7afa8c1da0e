/**
 * Has numbered frames go both ways in many sessions while servers are killed, nodes of a cluster are, processes stand
 * still and connections are cut: each frame must arrive once and in order, and each session must end and say how. One line
 * for each kind of fault; SESSIONS_LOG in the environment has the brokers log.
 *
 * ```sh
 * deno run -A tests/support/jsr/launch.ts run -A tests/soak/sessions.ts --seed 1 --only restarts --quick
 * ```
 *
 * @module
 */
import { readOptions } from "./options.ts";
import { death, freezes, outage } from "./sessions/lasting_faults.ts";
import { FULL, QUICK } from "./sessions/plan.ts";
import { runScenario } from "./sessions/run.ts";
import type { Scenario } from "./sessions/scenario.ts";
import { cluster, cuts, pauses, restarts } from "./sessions/server_faults.ts";

const SCENARIOS: readonly Scenario[] = [restarts, cluster, pauses, freezes, cuts, death, outage];

function chosen(only: string): readonly Scenario[] {
  const found = SCENARIOS.filter(({ name }) => only === "all" || name === only);
  if (found.length > 0) return found;
  const names = SCENARIOS.map(({ name }) => name).join(", ");
  throw new TypeError(`Cannot begin as "--only" must be one of ${names}: "${only}"`);
}

/** @returns whether all of it held */
async function show(scenario: Scenario, seed: number, isQuick: boolean): Promise<boolean> {
  const plan = isQuick ? { ...QUICK, ...scenario.quick } : { ...FULL, ...scenario.full };
  try {
    const { line, broken, failures } = await runScenario(scenario, { ...plan, seed });
    console.log(line);
    for (const sentence of [...broken, ...failures]) console.error(`  ${sentence}`);
    return broken.length === 0;
  } catch (error) {
    console.error(`${scenario.name}:`, error);
    return false;
  }
}

if (import.meta.main) {
  try {
    const isQuick = Deno.args.includes("--quick");
    const args = Deno.args.filter((argument) => argument !== "--quick");
    const { seed, only } = readOptions(args, { seed: 1, only: "all" });
    for (const scenario of chosen(only)) {
      if (!await show(scenario, seed, isQuick)) Deno.exitCode = 1;
    }
  } catch (error) {
    console.error(error instanceof TypeError ? error.message : error);
    Deno.exitCode = 2;
  }
}
