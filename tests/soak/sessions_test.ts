import { assertEquals } from "@std/assert";
import { death, freezes, outage } from "./sessions/lasting_faults.ts";
import { QUICK } from "./sessions/plan.ts";
import { runScenario } from "./sessions/run.ts";
import type { Scenario } from "./sessions/scenario.ts";
import { cluster, cuts, pauses, restarts } from "./sessions/server_faults.ts";

function testScenario(name: string, scenario: Scenario): void {
  Deno.test(name, async () => {
    const plan = { ...QUICK, ...scenario.quick, seed: 7 };
    const { line, broken, failures } = await runScenario(scenario, plan);
    assertEquals([broken, failures], [[], []], line);
  });
}

const sending = "Session.send() has every frame arrive once and in order while";
testScenario(`${sending} the server is killed and restarted`, restarts);
testScenario(`${sending} the nodes of a cluster are killed and restarted in turn`, cluster);
testScenario(`${sending} the server stands still for a while`, pauses);
testScenario(`${sending} the process that serves stands still for a while`, freezes);
testScenario(`${sending} connections are cut at any byte`, cuts);
testScenario('Session.closed says "peer-gone" once the process that serves is killed', death);
testScenario('Session.closed says "peer-gone" on both sides once the server is gone', outage);
