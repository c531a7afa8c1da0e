import { COUNTED, type Remains, total } from "./remains.ts";

const COLUMNS = ["", "heap", "RSS", ...COUNTED, "kept", "s"];

/** The names of the columns. */
export function header(): string {
  return aligned(COLUMNS);
}

/** What there was at a moment, after so many seconds. */
export function row(when: string, remains: Remains, seconds: number): string {
  const { heap, rss } = remains;
  const counts = [...COUNTED.map((name) => remains[name]), total(remains)];
  const memory = [(heap / 2 ** 20).toFixed(2), (rss / 2 ** 20).toFixed(0)];
  return aligned([when, ...memory, ...counts.map(String), seconds.toFixed(1)]);
}

function aligned(cells: readonly string[]): string {
  return cells.map((cell, at) => cell.padStart(Math.max(7, COLUMNS[at]!.length + 2))).join("");
}
