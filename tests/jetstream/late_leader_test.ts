import { NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, stream } from "@signalbox/nats/jetstream";
import { kv } from "@signalbox/nats/kv";
import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { errorsOf } from "../support/jetstream/workshop.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });

Deno.test("broker.start() waits for a cluster whose JetStream has no leader yet, and tells it", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  await cluster.kill(1);
  await cluster.kill(2);
  const url = cluster.urls[0]!;
  await using broker = new NatsBroker(url, { logger: false });
  const errors = errorsOf(broker);
  const js = jetstream(broker, { streams: [orders] });
  const bucket = kv<number>(broker, "b", { declare: "create" });
  const seen: string[] = [];
  broker.subscriber(consumer(orders, "work"), ({ params }) => void seen.push(params.id));
  let hasStarted = false;
  const starting = broker.start().then(() => hasStarted = true);
  await until("it tells that it waits", () => errors.length > 0);
  assert(errors[0]!.startsWith("Cannot start yet as JetStream must answer: it is asked for 1"));
  await delay(1_000);
  assertEquals(hasStarted, false);
  await cluster.restart(1);
  await cluster.restart(2);
  await starting;
  await js.publish("orders.7");
  await until("the message is handled", () => seen.length > 0);
  await bucket.put("k", 1);
  assertEquals(seen, ["7"]);
});

Deno.test("broker.stop() ends a start that waits for JetStream", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  await cluster.kill(1);
  await cluster.kill(2);
  const broker = new NatsBroker(cluster.urls[0]!, { logger: false });
  jetstream(broker, { streams: [orders] });
  const failed = broker.start().then(() => undefined, (error) => error.name);
  await delay(500);
  await broker.stop();
  assertEquals(await failed, "ConnectionError");
});
