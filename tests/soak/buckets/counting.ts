import { until } from "../../support/nats_server/until.ts";
import { type Found, Scene } from "./scene.ts";

/** How much is counted. */
export interface CountingPlan {
  readonly writers: number;
  readonly increments: number;
  readonly kills: number;
}

/** How many brokers the writers share. */
const BROKERS = 8;
/** Milliseconds. */
const PATIENCE = 60_000;

/** Many writers add one to the same value, again and again, while the server is killed. */
export async function counting({ writers, increments, kills }: CountingPlan): Promise<Found> {
  await using scene = await Scene.open(Math.min(BROKERS, writers));
  const buckets = scene.buckets();
  const began = performance.now();
  const refused: string[] = [];
  let done = 0;
  const adding = Promise.all(Array.from({ length: writers }, async (_, at) => {
    for (let count = 0; count < increments; count++) {
      await buckets[at % buckets.length]!.change("count", (old = 0) => old + 1)
        .then(() => done++, (error) => refused.push(String(error)));
    }
  }));
  const wanted = writers * increments;
  for (let kill = 1; kill <= kills; kill++) {
    const share = wanted * kill / (kills + 1);
    await until("increments go on", () => done + refused.length >= share, { timeout: PATIENCE });
    await scene.crash();
  }
  await adding;
  const value = (await buckets[0]!.get("count"))?.value;
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const faults = [...refused];
  if (value !== wanted) faults.push(`the value is ${value}, and not ${wanted}`);
  const line = `${writers} writers × ${increments} increments, ${kills} kills: ${value} ` +
    `(${refused.length} refused), ${seconds} s`;
  return { line, faults };
}
