import { delay } from "../../support/delay.ts";
import type { NatsCluster } from "../../support/nats_server/nats_cluster.ts";
import { until } from "../../support/nats_server/until.ts";
import type { StreamInfo } from "../../support/jetstream/internals.ts";

/** How a node fails: it is killed, it stands still, or it is cut off from the others, which its clients do not see. */
const KINDS = ["kill", "stop", "cut"] as const;

/** Far more than a cluster takes to agree again on a busy machine. */
const PATIENCE = 60_000;

/** Has a node fail for a while; `index` goes through all nodes and all kinds. */
export async function fail(cluster: NatsCluster, index: number, outage: number): Promise<void> {
  const kind = KINDS[index % KINDS.length]!;
  const node = (index + Math.floor(index / KINDS.length)) % cluster.nodes.length;
  if (kind === "kill") {
    await cluster.kill(node);
    await delay(outage);
    await cluster.restart(node);
  } else if (kind === "stop") {
    await cluster.nodes[node]!.suspend();
    await delay(outage);
    cluster.nodes[node]!.resume();
  } else {
    await cluster.cut(node);
    await delay(outage);
    await cluster.mend(node);
  }
}

type Replicated = StreamInfo & {
  readonly cluster?: {
    readonly leader?: string;
    readonly replicas?: readonly { readonly current: boolean; readonly offline?: boolean }[];
  };
};

/** Resolves once each node has all of a stream: one that fails before that may take with it what others do not have. */
export async function caughtUp(ask: () => Promise<StreamInfo>): Promise<void> {
  await until("every node must have the whole stream", async () => {
    const { cluster } = await ask().catch((): Replicated => ({}) as Replicated) as Replicated;
    const { leader, replicas = [] } = cluster ?? {};
    return leader !== undefined && replicas.length > 0 &&
      replicas.every(({ current, offline }) => current && !offline);
  }, { timeout: PATIENCE });
}
