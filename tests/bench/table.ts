import { markdownTable } from "../support/markdown_table.ts";

/** One line of the table. */
export interface Row {
  readonly work: string;
  readonly ours: string;
  readonly rival: string;
  readonly comparison: string;
  readonly aim: string;
}

const HEAD = ["work", "ours", "bare client", "ratio (min–max)", "aim"];

/** The rows beneath their head. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ work, ours, rival, comparison, aim }) => [
    work,
    ours,
    rival,
    comparison,
    aim,
  ]);
  return markdownTable(HEAD, cells);
}
