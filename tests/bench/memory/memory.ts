import { runProgram } from "../../support/program.ts";
import type { Ends } from "../ends.ts";
import { aimText, ratioText } from "../figures.ts";
import type { Measurement } from "../measurement.ts";
import { median, ratioOf, type Round } from "../statistics.ts";
import { HOLDERS } from "./holders.ts";

const PROGRAM = new URL("hold.ts", import.meta.url);

/** The most that ours may take up, beside what the bare client does. */
const AIMS: Readonly<Record<string, number>> = { "open inbox": 1, "waiting request": 0.5 };

/** The bytes on the heap and outside of it that one of each thing takes up. */
export function memory({ servers }: Ends): readonly Measurement[] {
  return Object.entries(HOLDERS).map(([what, { rival }]) => {
    const aim = AIMS[what];
    return rival && aim ? besideBare(servers, what, aim) : stated(servers, what);
  });
}

/** Starts a process that holds so many, and gives the bytes of each. */
export async function bytesEach(
  servers: string,
  what: string,
  side: "ours" | "rival",
  count: number,
): Promise<number> {
  const args = [what, side, servers, `${count}`];
  const { success, output, errors } = await runProgram(["-A"], PROGRAM, args);
  const bytes = Number(output);
  if (success && bytes > 0) return bytes;
  throw new Error(`Cannot measure "${what}" as its process must say a number: ${output}${errors}`);
}

function besideBare(servers: string, what: string, aim: number): Measurement {
  const name = `memory of one ${what}`;
  return {
    name,
    measure: async ({ heaps, held }, progress) => {
      const rounds: Round[] = [];
      progress(0, heaps);
      while (rounds.length < heaps) {
        // side by side, as memory does not depend on the time it takes
        const [ours, rival] = await Promise.all([
          bytesEach(servers, what, "ours", held),
          bytesEach(servers, what, "rival", held),
        ]);
        rounds.push({ ours, rival });
        progress(rounds.length, heaps);
      }
      const ratio = ratioOf(rounds);
      const middle = (side: "ours" | "rival") => median(rounds.map((round) => round[side]));
      const [ours, rival] = [middle("ours"), middle("rival")];
      const reached = ratio.median <= aim;
      const row = {
        work: name,
        ours: bytesText(ours),
        rival: bytesText(rival),
        comparison: ratioText(ratio),
        aim: aimText(`≤ ${aim.toFixed(2)}`, reached),
      };
      return { row, details: { ...row, unit: "bytes", ours, rival, ratio, aim, reached, rounds } };
    },
  };
}

function stated(servers: string, what: string): Measurement {
  const name = `memory of one ${what}`;
  return {
    name,
    measure: async ({ held }, progress) => {
      progress(0, 1);
      const ours = await bytesEach(servers, what, "ours", held);
      progress(1, 1);
      const row = { work: name, ours: bytesText(ours), rival: "–", comparison: "–", aim: "–" };
      return { row, details: { work: name, unit: "bytes", ours } };
    },
  };
}

function bytesText(bytes: number): string {
  return `${Math.round(bytes)} bytes`;
}
