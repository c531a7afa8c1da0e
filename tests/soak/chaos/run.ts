import { Crashes } from "../../support/crashes.ts";
import { delay } from "../../support/delay.ts";
import { meanwhile, within } from "../../support/within.ts";
import { type Random, seeded } from "../../unit/seeded_random.ts";
import { Asking } from "./asking.ts";
import type { Fault, Stage } from "./fault.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { about, type Plan } from "./plan.ts";
import { Publishing } from "./publishing.ts";
import { Sides } from "./sides.ts";

/** Publishes and asks while the faults of one kind happen. */
export async function runFault(fault: Fault, plan: Plan): Promise<Outcome> {
  using crashes = new Crashes();
  const random = seeded(plan.seed);
  await using stage = await fault.open(plan, random);
  await using sides = await Sides.open(stage, plan.size);
  const publishing = new Publishing(sides.sender, plan);
  const asking = new Asking(sides.sender, plan);
  const over = new AbortController();
  const began = performance.now();
  const loads = [publishing, asking].map((load) => meanwhile(() => load.run(over.signal)));
  const { faults, errors } = await strikeAll(stage, sides, plan, random);
  over.abort();
  const seconds = (performance.now() - began) / 1_000;
  await within("what is published and asked must come to an end", Promise.all(loads));
  // who did not come back from a fault does not now, and what became of the messages can be told nevertheless
  if (errors.length === 0) await sides.settled();
  const all = [...errors, ...crashes.found];
  return outcomeOf({ sides, publishing, asking, faults, errors: all, seconds });
}

/** Gives how many faults there were, and why there were no more. */
async function strikeAll(
  stage: Stage,
  sides: Sides,
  plan: Plan,
  random: Random,
): Promise<{ readonly faults: number; readonly errors: readonly unknown[] }> {
  for (let fault = 0; fault < plan.faults; fault++) {
    await delay(about(plan.calm, random));
    try {
      await stage.strike(fault, sides);
    } catch (error) {
      return { faults: fault + 1, errors: [error] };
    }
  }
  await delay(plan.calm);
  return { faults: plan.faults, errors: [] };
}
