import type { Plan } from "../sessions/plan.ts";
import type { Result } from "../sessions/result.ts";
import type { Scenario } from "../sessions/scenario.ts";
import type { Row } from "./row.ts";

/** What a session's line says, in its order; a side that was killed says nothing. */
const LINE = new RegExp(
  [
    String.raw`(?<faults>\d+) faults`,
    String.raw`to the service (?<heard>\d+|\?) of (?<said>\d+|\?) frames`,
    String.raw`to the client (?<answered>\d+|\?) of (?<returned>\d+|\?) frames`,
    String.raw`(?<lost>\d+) lost, (?<twice>\d+) duplicated, (?<disordered>\d+) disordered`,
    String.raw`(?<hung>\d+) hung; (?<seconds>[\d.]+) s$`,
  ].join(".*?"),
);

/** The figures of sessions; their messages are the frames in both directions. */
export function sessionRow({ name, ending }: Scenario, plan: Plan, { line }: Result): Row {
  const found = LINE.exec(line)?.groups;
  if (!found) {
    throw new Error(`Cannot show sessions as their line must have its figures: "${line}"`);
  }
  const [accepted, delivered] = [
    sum(found.said!, found.returned!),
    sum(found.heard!, found.answered!),
  ];
  const perSecond = typeof accepted === "number"
    ? Math.round(accepted / Number(found.seconds))
    : "?";
  return {
    "fault": `${plan.sessions} sessions, ${name}: each must end ${ending}`,
    "messages/s": perSecond,
    "faults": Number(found.faults),
    accepted,
    delivered,
    "lost": Number(found.lost),
    "twice": Number(found.twice),
    "out of order": Number(found.disordered),
    "hung or late": Number(found.hung),
  };
}

function sum(...counts: readonly string[]): number | "?" {
  return counts.includes("?") ? "?" : counts.reduce((total, count) => total + Number(count), 0);
}
