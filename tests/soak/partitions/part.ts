import type { Part } from "../chaos/parts.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";
import { FULL, QUICK } from "./plan.ts";
import { runPartitions } from "./run.ts";
import { brokenPartitions, partitionRow } from "./verdict.ts";

/** Work on partitions by processes that are killed and halted in turn. */
export function partitionPart(seed: number, isQuick: boolean): Part {
  const plan = { ...(isQuick ? QUICK : FULL), seed };
  return {
    name: "partitions",
    run: async () => {
      await using server = await NatsServer.start({
        config: 'jetstream: { store_dir: "streams" }',
      });
      const outcome = await runPartitions(server.url, plan);
      return { rows: [partitionRow(plan, outcome)], broken: brokenPartitions(plan, outcome) };
    },
  };
}
