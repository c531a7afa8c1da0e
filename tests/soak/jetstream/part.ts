import type { Part } from "../chaos/parts.ts";
import { FULL, QUICK } from "./plan.ts";
import { runWork } from "./run.ts";
import { brokenWork, workRow } from "./verdict.ts";

/** Work on a stream of three nodes, which fail in turn, while the workers are killed in turn. */
export function workPart(seed: number, isQuick: boolean): Part {
  const plan = { ...(isQuick ? QUICK : FULL), seed };
  return {
    name: "jetstream",
    run: async () => {
      const outcome = await runWork(plan);
      const title = "nodes of JetStream are killed, stopped and cut off in turn";
      for (const [sentence, count] of outcome.account.errors) {
        console.error(`  ${count} × ${sentence}`);
      }
      return { rows: [workRow(title, plan, outcome)], broken: brokenWork(plan, outcome) };
    },
  };
}
