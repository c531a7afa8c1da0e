import { until } from "../../support/nats_server/until.ts";
import { type Found, Scene } from "./scene.ts";

/** How much is mirrored. */
export interface MirroringPlan {
  readonly keys: number;
  readonly restarts: number;
  /** How many changes are made in each life of the server. */
  readonly changes: number;
}

const LANES = 64;

/** A mirror follows a bucket whose keys are put, deleted and changed in batches, while the server is killed. */
export async function mirroring({ keys, restarts, changes }: MirroringPlan): Promise<Found> {
  await using scene = await Scene.open(2);
  const [writer, reader] = scene.buckets({ batch: true });
  const began = performance.now();
  let at = 0;
  await Promise.all(Array.from({ length: LANES }, async () => {
    for (let key = at++; key < keys; key = at++) await writer!.put(`k.${key}`, 0);
  }));
  let torn = 0;
  const pair = ["pair.one", "pair.other"] as const;
  const live = await reader!.mirror(">", {
    onChange: () => {
      if (live?.get(pair[0]) !== live?.get(pair[1])) torn++;
    },
  }).ready;
  let last = 0;
  for (let life = 1; life <= restarts; life++) {
    const crashing = scene.crash();
    for (let change = 0; change < changes; change++) {
      const key = `k.${Math.floor(Math.random() * keys * 1.1)}`;
      if (change % 10 === 0) {
        const revisions = await writer!.batch((batch) => {
          for (const one of pair) batch.put(one, life * changes + change);
        });
        last = revisions[1]!;
      } else if (change % 3 === 0) last = await writer!.delete(key);
      else last = await writer!.put(key, life * changes + change);
    }
    await crashing;
  }
  await until("the mirror has the last change", () => live.version === last, { timeout: 30_000 });
  const wrong = await differences(live, writer!);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const faults = wrong === 0 ? [] : [`${wrong} keys differ`];
  if (torn > 0) faults.push(`a part of a batch was shown ${torn} times`);
  const line = `a mirror of ${live.size} keys, ${restarts} restarts, ${restarts * changes} ` +
    `changes: ${wrong} differ, ${torn} torn, ${seconds} s`;
  return { line, faults };
}

/** How many keys the mirror has otherwise than the bucket. */
async function differences(
  live: ReadonlyMap<string, number>,
  bucket: ReturnType<Scene["buckets"]>[number],
): Promise<number> {
  const left = new Map(live);
  let wrong = 0;
  for await (const { key, kind, value } of bucket.history()) {
    if (kind !== "put") continue;
    if (left.get(key) !== value) wrong++;
    left.delete(key);
  }
  return wrong + left.size;
}
