import { consumer, stream } from "@signalbox/nats/jetstream";
import { assertEquals } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { hastened } from "../support/jetstream/hastened.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
const JETSTREAM = { jetstream: true } as const;
const CHANGED =
  'Cannot use the consumer "work" of "ORDERS" as nobody must change it while it is used';

async function worker(server: Backend) {
  const shop = await Workshop.at(server);
  const broker = server.broker();
  const errors = errorsOf(broker);
  const seen: string[] = [];
  const work = consumer(orders, "work", { subject: "orders.{id}.placed" });
  broker.subscriber(work, ({ params }) => void seen.push(params.id));
  await broker.start();
  return { shop, broker, errors, seen };
}

/** Changes the consumer as another program would. */
async function change({ api }: Workshop, changes: object): Promise<void> {
  const { config } = await api.call<{ config: object }>("CONSUMER.INFO.ORDERS.work");
  const request = { stream_name: "ORDERS", action: "update", config: { ...config, ...changes } };
  await api.call("CONSUMER.DURABLE.CREATE.ORDERS.work", request);
}

onEveryServer("consumer() tells within 40 s that somebody has changed it", async (server) => {
  using _ = hastened();
  const { shop, broker, errors, seen } = await worker(server);
  await change(shop, { filter_subject: "orders.*.paid" });
  await until("the filter is told", () => errors.length > 0);
  await change(shop, { filter_subject: "orders.*.paid", max_deliver: 2 });
  await until("the deliveries are told", () => errors.length > 1);
  // what is told once is not told again, nor that it is as declared
  await change(shop, { filter_subject: "orders.*.placed", max_deliver: -1 });
  await delay(1_500);
  assertEquals(errors, [
    `${CHANGED}: filter_subjects is ["orders.*.paid"] and not ["orders.*.placed"]`,
    `${CHANGED}: max_deliver is 2 and not -1, ` +
    'filter_subjects is ["orders.*.paid"] and not ["orders.*.placed"]',
  ]);
  await shop.store("orders.7.placed", 1);
  await until("it goes on", () => seen.length > 0);
  await broker.stop();
  await delay(1_500);
  assertEquals(seen, ["7"]);
}, JETSTREAM);

onEveryServer(
  "consumer() tells that another program has made it anew, and otherwise",
  async (server) => {
    // a change that comes while the consumer is made again is found at the next look
    using _ = hastened();
    const { shop: { api }, broker, errors } = await worker(server);
    await api.call("CONSUMER.DELETE.ORDERS.work");
    const config = { durable_name: "work", ack_policy: "all", ack_wait: 5e9, max_deliver: 3 };
    const made = () =>
      api.call("CONSUMER.DURABLE.CREATE.ORDERS.work", { stream_name: "ORDERS", config });
    // whoever comes first has made it: then the other one makes it anew once more
    await made().catch(async () => {
      await api.call("CONSUMER.DELETE.ORDERS.work");
      await made();
    });
    const told = await until("it is told", () => errors.find((text) => text.startsWith(CHANGED)));
    for (const field of ["ack_policy", "max_deliver", "filter_subjects"]) {
      assertEquals(told.includes(`${field} is`), true, told);
    }
    await broker.stop();
  },
  JETSTREAM,
);

onEveryServer("consumer() takes a pause by another program for no change", async (server) => {
  using _ = hastened();
  const { shop, broker, errors } = await worker(server);
  await change(shop, { pause_until: new Date(Date.now() + 3_600_000).toISOString() });
  await delay(2_000);
  assertEquals(errors, []);
  await broker.stop();
}, JETSTREAM);
