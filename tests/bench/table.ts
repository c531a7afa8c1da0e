import type { Result } from "./result.ts";

const HEAD = ["work", "ours", "bare client", "ratio (min–max)", "aim"];

/** One line a work; a missed aim has a cross. */
export function table(results: readonly Result[]): string {
  const rows = [HEAD, ...results.map(row)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const [head, ...body] = rows.map((cells) => line(cells, widths));
  return [head, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body].join("\n");
}

function row({ work, unit, ours, rival, ratio, aim, reached }: Result): string[] {
  const { median, min, max } = ratio;
  return [
    work,
    `${short(ours)} ${unit}/s`,
    `${short(rival)} ${unit}/s`,
    `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`,
    `${aim.toFixed(2)} ${reached ? "✓" : "✗"}`,
  ];
}

function line(cells: readonly string[], widths: readonly number[]): string {
  const [name, ...numbers] = cells.map((cell, column) =>
    column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
  );
  return `| ${[name, ...numbers].join(" | ")} |`;
}

function short(rate: number): string {
  if (rate >= 1e6) return `${(rate / 1e6).toFixed(2)} M`;
  return rate >= 1e3 ? `${(rate / 1e3).toFixed(1)} k` : rate.toFixed(0);
}
