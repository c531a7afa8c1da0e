import { assertEquals } from "@std/assert";
import { isSince, onNatsServer } from "../support/backends.ts";
import type { Hand } from "./partitions/hand.ts";
import { QUICK } from "./partitions/plan.ts";
import { runPartitions } from "./partitions/run.ts";
import { brokenPartitions, partitionVerdict } from "./partitions/verdict.ts";
import type { Said } from "./partitions/work.ts";

Deno.test("consumer() with partitions keeps the messages of each key in order, one at a time, though processes are killed and halted", () =>
  onNatsServer(async ({ url }, { version }) => {
    if (!isSince(version, "2.15")) return;
    const plan = { ...QUICK, seed: 7 };
    const outcome = await runPartitions(url, plan);
    assertEquals(brokenPartitions(plan, outcome), []);
  }, { jetstream: true }));

const PLAN = { ...QUICK, seed: 1, keys: 1, messages: 3 };
type Fate = Pick<Hand, "said" | "halts" | "killedAt">;

/** A process with this output, in lines of `WHAT NUMBER RUN TIME`. */
function process(words: readonly string[], fate: Partial<Fate> = {}): Hand {
  const said = words.map((each): Said => {
    const [what, n, run, at] = each.split(" ");
    return { what: what as Said["what"], key: "0", n: +n!, run: +run!, at: +at! };
  });
  return { said, halts: [], killedAt: 9_999, ...fate } as unknown as Hand;
}

const verdict = (...hands: Hand[]) => partitionVerdict(PLAN, { hands });
const DONE = [
  "begin 0 0 1",
  "done 0 0 2",
  "begin 1 1 2",
  "failed 1 1 3",
  "begin 1 2 4",
  "done 1 2 5",
];

Deno.test("partitionVerdict() accepts repeats of messages that a killed or halted process had begun", () => {
  const killed = process([...DONE, "begin 2 3 6"], { killedAt: 7 });
  const halted = process(["begin 2 0 8", "lost 2 0 3010"], { halts: [{ from: 9, to: 3_000 }] });
  const last = process(["begin 2 0 2000", "done 2 0 2010", "begin 2 1 2020", "done 2 1 2030"]);
  const clean = { done: 3, lost: [], disordered: [], atOnce: [], again: 1, killed: 1, told: 1 };
  assertEquals(verdict(killed, halted, last), clean);
});

Deno.test("partitionVerdict() finds messages that were lost, out of order or handled at the same time", () => {
  assertEquals(verdict(process(DONE)).lost, ["0 2"]);
  const skipping = verdict(process([...DONE.slice(0, 2), "begin 2 1 3", "done 2 1 4"]));
  assertEquals([skipping.disordered, skipping.lost], [["0 2", "0 2"], ["0 1", "0 2"]]);
  const early = process(["begin 2 0 4", "done 2 0 6"]);
  assertEquals(verdict(process(DONE), early).atOnce, ["0 2"]);
  // a process that did not stand still must stop before another one begins
  const late = process(["begin 2 0 6", "lost 2 0 20"]);
  const other = process(["begin 2 0 10", "done 2 0 12"]);
  assertEquals(verdict(process(DONE), late, other).atOnce, ["0 2"]);
});
