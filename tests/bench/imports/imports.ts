import { runProgram } from "../../support/program.ts";
import { aimText, differenceText } from "../figures.ts";
import type { Measurement } from "../measurement.ts";
import { median, type Round, spreadOf } from "../statistics.ts";
import { type Graph, graphOf } from "./graph.ts";

const OURS = new URL("ours.ts", import.meta.url);
const BARE = new URL("bare.ts", import.meta.url);

/** How many milliseconds, modules and packages more an import of ours takes than one of the bare client. */
export function imports(): readonly Measurement[] {
  return [
    time,
    counted("modules", 90, ({ modules }) => modules),
    counted("packages", 0, ({ packages }) => packages.length),
  ];
}

const time: Measurement = {
  name: "import, time of the whole program",
  measure: async ({ starts }, progress) => {
    const rounds: Round[] = [];
    progress(0, starts);
    // what has just been compiled is kept for the starts to come
    await Promise.all([lifetime(OURS), lifetime(BARE)]);
    while (rounds.length < starts) {
      rounds.push(await startBoth(rounds.length % 2 === 1));
      progress(rounds.length, starts);
    }
    const differences = spreadOf(rounds.map(({ ours, rival }) => ours - rival));
    const [ours, rival] = [
      median(rounds.map(({ ours }) => ours)),
      median(rounds.map(({ rival }) => rival)),
    ];
    return found(time.name, "ms", 15, { ours, rival, differences }, rounds);
  },
};

function counted(what: string, aim: number, count: (graph: Graph) => number): Measurement {
  const name = `import, ${what}`;
  return {
    name,
    measure: async (_pace, progress) => {
      progress(0, 1);
      const graphs = await Promise.all([graphOf(OURS), graphOf(BARE)]);
      progress(1, 1);
      const [ours, rival] = graphs.map(count) as [number, number];
      return found(name, what, aim, { ours, rival, differences: spreadOf([ours - rival]) }, graphs);
    },
  };
}

interface Both {
  readonly ours: number;
  readonly rival: number;
  readonly differences: ReturnType<typeof spreadOf>;
}

function found(
  work: string,
  unit: string,
  aim: number,
  { ours, rival, differences }: Both,
  rounds: readonly unknown[],
) {
  const reached = differences.median <= aim;
  const row = {
    work,
    ours: `${Math.round(ours)} ${unit}`,
    rival: `${Math.round(rival)} ${unit}`,
    comparison: differenceText(differences),
    aim: aimText(`≤ +${aim}`, reached),
  };
  return { row, details: { work, unit, ours, rival, differences, aim, reached, rounds } };
}

async function startBoth(bareFirst: boolean): Promise<Round> {
  const first = await lifetime(bareFirst ? BARE : OURS);
  const second = await lifetime(bareFirst ? OURS : BARE);
  return bareFirst ? { ours: second, rival: first } : { ours: first, rival: second };
}

/** The milliseconds from its start to its end. */
async function lifetime(program: URL): Promise<number> {
  const began = performance.now();
  const { success, errors } = await runProgram([], program);
  if (!success) throw new Error(`Cannot measure an import as it must succeed: ${errors}`);
  return performance.now() - began;
}
