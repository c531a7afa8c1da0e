import { markdownTable } from "../../support/markdown_table.ts";
import { ratioText, short } from "../figures.ts";
import type { Standing } from "./contender.ts";

/** What the cells of the table are. */
export const LEGEND = "Operations a second: how many times as fast as the peer ours is (min–max)";

/** One line a peer, ours first. */
export function table(tasks: readonly string[], standings: readonly Standing[]): string {
  return markdownTable(["peer", "version", "runtime", ...tasks], standings.map(row));
}

function row({ name, version, runtime, scores }: Standing, at: number): string[] {
  const cells = scores.map((score) => {
    if (!score) return "—";
    const rate = `${short(score.rate)}/s`;
    return at === 0 ? rate : `${rate}: ${ratioText(score.ratio)}`;
  });
  return [name, version, runtime, ...cells];
}
