import { assertEquals } from "@std/assert";
import { leaks } from "./leaks/run.ts";

const MIB = 2 ** 20;
// the process and its files are those of other tests, too
const SLACK = { heap: MIB, rss: Infinity, files: Infinity };

for (const station of ["nats-server", "embedded"] as const) {
  Deno.test(`NatsBroker leaves nothing behind after minutes of use and failures [${station}]`, async () => {
    const table: string[] = [];
    const plan = { seed: 5, minutes: 2, warmUp: 1, every: 2, station };
    const { line, faults } = await leaks(plan, SLACK, (row) => table.push(row));
    assertEquals(faults, [], [...table, line].join("\n"));
  });
}
