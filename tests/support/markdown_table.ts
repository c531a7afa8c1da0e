/** Rows of cells beneath their head, in Markdown: what the first column names stands to the left, figures to the right. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const widths = head.map((name, at) =>
    Math.max(name.length, ...rows.map((row) => row[at]!.length))
  );
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, at) =>
      at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, at) => "-".repeat(width + 1) + (at === 0 ? "-" : ":"));
  return [line(head), `|${rule.join("|")}|`, ...rows.map(line)].join("\n");
}
