import { COLUMNS, type Row } from "./row.ts";

/** All rows as one table in Markdown. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => COLUMNS.map((column) => `${row[column] ?? "–"}`));
  const lines = [[...COLUMNS], ...cells];
  const widths = COLUMNS.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  const [head, ...body] = lines.map((line) => `| ${line.map(padded(widths)).join(" | ")} |`);
  const rule = widths.map((width, at) =>
    at === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`
  );
  return [head, `|${rule.join("|")}|`, ...body].join("\n");
}

function padded(widths: readonly number[]): (cell: string, at: number) => string {
  return (cell, at) => at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!);
}
