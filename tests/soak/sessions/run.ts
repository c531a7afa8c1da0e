import { within } from "../../support/within.ts";
import { seeded } from "../../unit/seeded_random.ts";
import { Party } from "./party.ts";
import type { Plan } from "./plan.ts";
import { type Result, resultOf } from "./result.ts";
import type { Parties, Scenario, Stage } from "./scenario.ts";

/** Has all sessions talk while the faults of one kind happen. */
export async function runScenario(scenario: Scenario, plan: Plan): Promise<Result> {
  const random = seeded(plan.seed);
  const began = performance.now();
  await using stage = await scenario.open(plan, random);
  await using service = await scenario.serve(stage.service, plan);
  await using client = await Party.open(stage.client, plan);
  const parties = { client, service };
  // drawn before anything happens, so that they do not depend on it
  const moments = Array.from({ length: plan.faults }, (_, at) => at + 0.5 + random(500) / 1_000);
  const faults = await strikeAll(stage, parties, plan, moments);
  allow(parties, plan.frames);
  const reports = Promise.all([client.reports(plan.bound), service.reports(plan.bound)]);
  const [clients, services] = await reports;
  return resultOf(scenario, plan, {
    faults,
    disconnects: client.disconnects + service.disconnects,
    clients,
    services,
    seconds: (performance.now() - began) / 1_000,
  });
}

/**
 * All frames are cut into one stretch more than there are faults. Each fault comes in the second half of its stretch, while
 * senders may go a little beyond it: frames are on their way when it begins, and are given while it lasts.
 *
 * @returns how many faults there were; less than all if the sessions stood still before
 */
async function strikeAll(
  stage: Stage,
  parties: Parties,
  plan: Plan,
  moments: readonly number[],
): Promise<number> {
  const stretch = plan.frames / (plan.faults + 1);
  for (const [fault, moment] of moments.entries()) {
    allow(parties, Math.ceil(stretch * (fault + 1.2)));
    const mark = Math.floor(stretch * moment * plan.sessions);
    const reached = parties.client.progress.reached(mark);
    const isReached = await within("the sessions must go on", reached, plan.bound)
      .then(() => true, () => false);
    if (!isReached) return fault;
    const struck = stage.strike(fault, parties);
    allow(parties, Math.ceil(stretch * (fault + 1.4)));
    await struck;
  }
  return moments.length;
}

function allow({ client, service }: Parties, limit: number): void {
  client.allow(limit);
  service.allow(limit);
}
