import type { Plan } from "../sessions/plan.ts";
import type { Result } from "../sessions/result.ts";
import type { Scenario } from "../sessions/scenario.ts";
import type { Row } from "./row.ts";

const UNKNOWN = "?";

/** The figures of sessions; their messages are the frames in both directions. */
export function sessionRow({ name, ending }: Scenario, plan: Plan, { figures }: Result): Row {
  const { sent, arrived, seconds } = figures;
  return {
    "fault": `${plan.sessions} sessions, ${name}: each must end ${ending}`,
    "messages/s": sent === undefined ? UNKNOWN : Math.round(sent / seconds),
    "faults": figures.faults,
    "accepted": sent ?? UNKNOWN,
    "delivered": arrived ?? UNKNOWN,
    "lost": figures.lost,
    "twice": figures.duplicated,
    "out of order": figures.disordered,
    "hung or late": figures.hung,
  };
}
