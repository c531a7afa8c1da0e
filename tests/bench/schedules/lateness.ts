import { jetstream, stream } from "../../../src/jetstream/mod.ts";
import type { Ends } from "../ends.ts";
import { aimText } from "../figures.ts";
import type { Measurement } from "../measurement.ts";
import { median } from "../statistics.ts";

/** How many schedules are due at once. */
const COUNT = 5_000;
/** How long the bench may take to schedule them, in milliseconds. */
const AHEAD = 5_000;
/** How late the last one may be, in milliseconds: the server looks four times a second. */
const AIM = 500;

const LATE = stream("BENCH_LATE", {
  subjects: ["bench.late.{round}"],
  allowMsgSchedules: true,
  declare: "create",
});

/** Measures how late a stream in files stores messages that are all due at one moment. The bare client takes no part. */
export function lateness({ broker }: Ends): Measurement {
  const name = `schedules, ${COUNT} due at once`;
  return {
    name,
    measure: async ({ heaps: rounds }, progress) => {
      const late: number[] = [];
      progress(0, rounds);
      for (let round = 0; round < rounds; round++) {
        late.push(...await lateIn(broker, `bench.late.${round}`));
        progress(round + 1, rounds);
      }
      const [middle, worst] = [median(late), Math.max(...late)];
      const reached = worst <= AIM;
      const row = {
        work: name,
        ours: `${Math.round(middle)} ms late, ${worst} ms at most`,
        rival: "",
        comparison: "",
        aim: aimText(`≤ ${AIM} ms`, reached),
      };
      return { row, details: { work: name, unit: "ms", median: middle, worst, reached, late } };
    },
  };
}

/** How many milliseconds late each message was. */
async function lateIn(broker: Ends["broker"], subject: string): Promise<number[]> {
  const js = jetstream(broker, { streams: [LATE] });
  // the stream may not be declared yet
  await js.publish("bench.late.ready");
  const at = new Date(Date.now() + AHEAD);
  const options = { stream: LATE, timeout: "30s" } as const;
  await Promise.all(
    Array.from({ length: COUNT }, (_, each) => js.schedule(subject, { at }, each, options)),
  );
  const late: number[] = [];
  for await (const { delivery } of js.read(LATE, { subject })) {
    late.push(delivery.time.getTime() - at.getTime());
    if (late.length === COUNT) break;
  }
  return late;
}
