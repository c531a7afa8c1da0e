import type { Report } from "./conversation.ts";
import type { Plan } from "./plan.ts";
import type { Scenario } from "./scenario.ts";

/** What a run gave. */
export interface Outcome {
  readonly faults: number;
  /** How often a connection of a side in this process was lost. */
  readonly disconnects: number;
  readonly clients: readonly Report[];
  /** Empty if the side that serves was killed. */
  readonly services: readonly Report[];
  readonly seconds: number;
}

/** How the frames of one direction fared. */
export interface Way {
  readonly sent: number;
  readonly arrived: number;
  /** All that was sent and did not arrive; if it had to end early, only what has a later one that did. */
  readonly lost: number;
}

/** What the frames of both directions came to. */
export interface Figures {
  readonly faults: number;
  /** `undefined` where a side was killed, which cannot say what it sent or took. */
  readonly sent: number | undefined;
  readonly arrived: number | undefined;
  readonly lost: number;
  readonly duplicated: number;
  readonly disordered: number;
  /** Another session's, or not whole. */
  readonly foreign: number;
  readonly hung: number;
  readonly seconds: number;
}

/** What became of the sessions. */
export interface Result {
  readonly figures: Figures;
  /** The figures, on one line. */
  readonly line: string;
  /** What was promised and did not hold; empty if all of it did. */
  readonly broken: readonly string[];
  /** What could not be done, each sentence once, though it had to be. */
  readonly failures: readonly string[];
}

const sum = (reports: readonly Report[], count: (report: Report) => number) =>
  reports.reduce((total, report) => total + count(report), 0);

/** Says in figures and in one line what happened, and in sentences what should not have. */
export function resultOf(scenario: Scenario, plan: Plan, outcome: Outcome): Result {
  const { ending } = scenario;
  const { clients, services } = outcome;
  const ways = [wayOf(ending, clients, services), wayOf(ending, services, clients)] as const;
  const figures = figuresOf(outcome, ways);
  const failures = [...clients, ...services].flatMap((report) => report.failures);
  return {
    figures,
    line: lineOf(scenario, plan, outcome, ways, figures),
    broken: [...brokenEnds(scenario, plan, outcome), ...brokenFrames(plan, figures)]
      .filter((sentence) => sentence !== false),
    failures: ending === "complete" ? [...new Set(failures)] : [],
  };
}

type Ways = readonly [toService: Way, toClient: Way];

function figuresOf({ faults, clients, services, seconds }: Outcome, ways: Ways): Figures {
  const all = [...clients, ...services];
  const total = (count: (way: Way) => number) => ways.reduce((sum, way) => sum + count(way), 0);
  const isTold = ways.every(({ sent }) => sent > 0);
  const isHeard = clients.length > 0 && services.length > 0;
  return {
    faults,
    sent: isTold ? total(({ sent }) => sent) : undefined,
    arrived: isHeard ? total(({ arrived }) => arrived) : undefined,
    lost: total(({ lost }) => lost),
    duplicated: sum(all, (report) => report.duplicated),
    disordered: sum(all, (report) => report.disordered),
    foreign: sum(all, (report) => report.foreign),
    hung: all.filter(({ ended }) => ended === "hung").length,
    seconds,
  };
}

function lineOf(
  { name }: Scenario,
  { seed }: Plan,
  { faults, disconnects, clients, services, seconds }: Outcome,
  [toService, toClient]: Ways,
  { lost, duplicated, disordered, foreign, hung }: Figures,
): string {
  const ended = Object.groupBy([...clients, ...services], (report) => report.ended);
  const reasons = Object.entries(ended).filter(([reason]) => reason !== "hung")
    .map(([reason, reports]) => `${reports!.length} ${reason}`).join(", ");
  return [
    `${name}: seed ${seed}`,
    `${faults} faults (${disconnects} disconnects)`,
    `${clients.length} sessions`,
    `to the service ${frames(toService, services)}, to the client ${frames(toClient, clients)}`,
    `${lost} lost, ${duplicated} duplicated, ${disordered} disordered, ${foreign} foreign`,
    `ends: ${reasons || "none"}, ${hung} hung`,
    `${seconds.toFixed(1)} s`,
  ].join("; ");
}

function brokenFrames(
  plan: Plan,
  { faults, lost, duplicated, disordered, foreign }: Figures,
): (string | false)[] {
  return [
    faults < plan.faults && `the sessions stood still before fault ${faults + 1}`,
    lost > 0 && `${lost} frames were lost`,
    duplicated > 0 && `${duplicated} frames arrived twice`,
    disordered > 0 && `${disordered} frames arrived after a later one`,
    foreign > 0 && `${foreign} frames were another session's, or not whole`,
  ];
}

/** Whoever was killed cannot say what arrived. */
function frames({ sent, arrived }: Way, to: readonly Report[]): string {
  const other = sent === 0 ? "?" : sent;
  return `${to.length === 0 ? "?" : arrived} of ${other} frames`;
}

function brokenEnds({ ending }: Scenario, plan: Plan, outcome: Outcome): (string | false)[] {
  const { clients, services } = outcome;
  const others = [...clients, ...services].filter(({ ended }) => ended !== ending).length;
  const wholes = [...clients, ...services].filter(({ sent }) => sent === plan.frames).length;
  const isComplete = ending === "complete";
  const isSilent = services.length === 0 && !isComplete;
  return [
    others > 0 && `${others} ends of sessions did not end as "${ending}"`,
    isComplete && wholes < plan.sessions * 2 && "a side could not send all its frames",
    clients.length !== plan.sessions && `${clients.length} sessions were opened`,
    !isSilent && services.length !== plan.sessions && `${services.length} sessions were served`,
  ];
}

function wayOf(ending: string, from: readonly Report[], to: readonly Report[]): Way {
  const sent = sum(from, (report) => report.sent);
  const arrived = sum(to, (report) => report.arrived);
  const missing = sum(to, (report) => report.missing);
  return { sent, arrived, lost: ending === "complete" ? Math.max(0, sent - arrived) : missing };
}
