import { consumer, jetstream, stream } from "@signalbox/nats/jetstream";
import { assertEquals } from "@std/assert";
import { type Backend, onEmbeddedServer, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { hastened } from "../support/jetstream/hastened.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
const work = consumer(orders, "work", { key: "id", partitions: 2 });
const NEEDS = { jetstream: true, since: "2.15" } as const;
const STILL =
  'Cannot go on with the consumer "work" of "ORDERS" as the server must copy its messages into "ORDERS~work"';

async function worker(server: Backend) {
  const shop = await Workshop.at(server);
  const broker = server.broker();
  const errors = errorsOf(broker);
  let runs = 0;
  broker.subscriber(work, () => void runs++);
  await broker.start();
  await shop.store("orders.1", 1);
  await until("it must be handled", () => runs === 1);
  return { shop, broker, errors };
}

onEveryServer(
  "consumer() with partitions tells within 40 s that its messages are not copied any more, once",
  async (server) => {
    using _ = hastened();
    const { shop, errors } = await worker(server);
    await delay(1_500);
    assertEquals(errors, []);
    const { config } = await shop.stream("ORDERS~work");
    await shop.api.call("STREAM.UPDATE.ORDERS~work", { ...config, sources: [] });
    await until("it must be told", () => errors.length > 0);
    await delay(1_500);
    assertEquals(errors, [`${STILL}: the stream has no source any more`]);
  },
  NEEDS,
);

Deno.test("consumer() with partitions tells that its stream was deleted [embedded]", async () => {
  await onEmbeddedServer(async (server) => {
    using _ = hastened();
    const { shop, broker, errors } = await worker(server);
    await shop.api.call("STREAM.DELETE.ORDERS");
    await until("it must be told", () => errors.length > 0);
    assertEquals(errors, [`${STILL}: "ORDERS": stream not found (10059)`]);
    assertEquals((await jetstream(broker).lag(work)).total, 0);
  }, NEEDS);
});
