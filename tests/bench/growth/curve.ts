import type { Panel } from "../chart/panel.ts";
import { aimText, ratioText, short } from "../figures.ts";
import { median, type Round, type Spread, spreadOf } from "../statistics.ts";
import type { Row } from "../table.ts";

/** A server among many subjects takes longer as well, so growth is beside growth; some of it is noise. */
const AIM = 1.5;

/** What was measured with so many of them. */
export interface Point {
  readonly count: number;
  readonly rounds: readonly Round[];
}

/** How the cost of one operation grows with their number. */
export interface Curve {
  readonly name: string;
  /** What is done. */
  readonly operation: string;
  /** What there are so many of. */
  readonly things: string;
  readonly points: readonly Point[];
}

/** The line of the table: what an operation costs among the fewest, and among the most. */
export function rowOf({ name, points }: Curve): Row {
  const [fewest, most] = [points[0]!, points.at(-1)!];
  const growth = growthOf(fewest, most);
  const from = (side: "ours" | "rival") =>
    `${short(costOf(fewest, side))} → ${short(costOf(most, side))} µs`;
  return {
    work: name,
    ours: from("ours"),
    rival: from("rival"),
    comparison: ratioText(growth),
    aim: aimText(`≤ ${AIM.toFixed(2)}`, growth.median <= AIM),
  };
}

/** The picture of it. */
export function panelOf({ operation, things, points }: Curve): Panel {
  const line = (side: "ours" | "rival") =>
    points.map((point) => ({ x: point.count, y: costOf(point, side) }));
  return {
    title: operation,
    x: things,
    y: "µs",
    lines: [{ name: "Signalbox", points: line("ours") }, {
      name: "bare client",
      points: line("rival"),
    }],
  };
}

/** How many times as much ours grows as the bare client does: what ours costs beside it, among the most and the fewest. */
export function growthOf(fewest: Point, most: Point): Spread {
  const alone = median(fewest.rounds.map(besideRival));
  return spreadOf(most.rounds.map((round) => besideRival(round) / alone));
}

function besideRival({ ours, rival }: Round): number {
  return rival / ours;
}

/** Microseconds of one operation. */
function costOf({ rounds }: Point, side: "ours" | "rival"): number {
  return 1e6 / median(rounds.map((round) => round[side]));
}
