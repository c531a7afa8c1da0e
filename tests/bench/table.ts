/** One line of the table. */
export interface Row {
  readonly work: string;
  readonly ours: string;
  readonly rival: string;
  readonly comparison: string;
  readonly aim: string;
}

const HEAD: Row = {
  work: "work",
  ours: "ours",
  rival: "bare client",
  comparison: "ratio (min–max)",
  aim: "aim",
};

/** The rows beneath their head, each column as wide as its widest cell. */
export function table(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows].map(cellsOf);
  const widths = lines[0]!.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column]!.length))
  );
  const [head, ...body] = lines.map((cells) => line(cells, widths));
  return [head, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body].join("\n");
}

function cellsOf({ work, ours, rival, comparison, aim }: Row): readonly string[] {
  return [work, ours, rival, comparison, aim];
}

function line(cells: readonly string[], widths: readonly number[]): string {
  const [name, ...numbers] = cells.map((cell, column) =>
    column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
  );
  return `| ${[name, ...numbers].join(" | ")} |`;
}
