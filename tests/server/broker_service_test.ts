import { connect } from "@nats-io/transport-deno";
import { ReplyError } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";

// deno-lint-ignore no-explicit-any -- each answer has a shape of its own
type Described = any;

onEveryServer("NatsBroker with `service` is found, described and counted", async (server) => {
  const service = { name: "orders", version: "1.0.0", description: "Takes orders" };
  const broker = server.broker({ service });
  broker.subscriber("orders.{id}", async ({ params }) => {
    await delay(10);
    if (params.id === "0") throw new ReplyError(404, "No such order");
    return params.id;
  });
  await broker.start();
  await broker.request("orders.7");
  await assertRejects(() => broker.request("orders.0"));

  const looking = await connect({ servers: server.url });
  const ask = async (subject: string) =>
    (await looking.request(subject, "", { timeout: 10_000 })).json<Described>();
  const ping = await ask("$SRV.PING");
  assertEquals([ping.type, ping.name], ["io.nats.micro.v1.ping_response", "orders"]);
  const [endpoint] = (await ask("$SRV.INFO.orders")).endpoints;
  assertEquals([endpoint.name, endpoint.subject, endpoint.queue_group], [
    "orders-id",
    "orders.*",
    "q",
  ]);
  const [stats] = (await ask(`$SRV.STATS.orders.${ping.id}`)).endpoints;
  assertEquals([stats.num_requests, stats.num_errors, stats.last_error], [
    2,
    1,
    "404:Not found",
  ]);
  assert(stats.processing_time > 15e6, "the whole of an async handler counts, in nanoseconds");
  await looking.close();
});

onEveryServer("NatsBroker with `service` shares its work among all instances", async (server) => {
  const service = { name: "shared", version: "1.0.0" };
  const [one, other] = [server.broker({ service }), server.broker({ service })];
  const counts = [one, other].map((broker) => broker.subscriber("job", () => "done"));
  await Promise.all([one.start(), other.start()]);
  await Promise.all(Array.from({ length: 100 }, () => one.request("job")));
  const [mine = 0, others = 0] = counts.map((subscriber) => subscriber.counts.handled);
  assertEquals(mine + others, 100);
});
