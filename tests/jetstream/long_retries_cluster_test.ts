import { NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, Retry, workQueue } from "@signalbox/nats/jetstream";
import { assertEquals } from "@std/assert";
import { isSince } from "../support/backends.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { until } from "../support/nats_server/until.ts";

const jobs = workQueue("JOBS", {
  subjects: ["jobs.{id}"],
  numReplicas: 3,
  allowMsgSchedules: true,
  declare: "create",
});

Deno.test("consumer() delivers each long retry of a replicated queue once though its leader is killed meanwhile", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  if (!isSince(cluster.nodes[0]!.version, "2.12")) return;
  const broker = new NatsBroker(cluster.urls, {
    logger: false,
    reconnect: { minDelay: 20, maxDelay: 100 },
    pingInterval: "1s",
  });
  const seen: string[] = [];
  const retry = { attempts: 5, backoff: "5s", jitter: 0.2, scheduleFrom: "1s" } as const;
  const work = consumer(jobs, "work", { confirm: true, heartbeat: "2s", retry });
  broker.subscriber(work, ({ params, delivery }) => {
    seen.push(`${params.id} ${delivery.attempt}`);
    if (delivery.attempt === 1) throw new Retry();
  });
  await broker.start();
  const js = jetstream(broker);
  const ids = Array.from({ length: 40 }, (_, id) => id);
  await Promise.all(ids.map((id) => js.publish(`jobs.${id}`, id, { timeout: "20s" })));
  await until("all wait", async () => {
    const { unsettled, pending } = await js.lag(work);
    return seen.length >= 40 && pending === 0 && unsettled === 40;
  }, { timeout: 30_000 });
  const { leader } = await js.info(jobs);
  await cluster.nodes.find(({ name }) => name === leader)!.kill();
  await until("all are done", async () => {
    const { messages } = await js.info(jobs).catch(() => ({ messages: 1 }));
    return messages === 0;
  }, { timeout: 60_000 });
  const all = ids.flatMap((id) => [`${id} 1`, `${id} 2`]);
  assertEquals(seen.sort(), all.sort());
  await broker.stop();
});
