import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { consumer, type Declare, DifferenceError, stream } from "../../src/jetstream/mod.ts";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { jetstream: true, since: "2.15" } as const;

/** Starts a worker with or without partitions; returns the subjects that it handles. */
async function working(server: Backend, declare: Declare, partitions?: number, name = "work") {
  const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare });
  const broker = server.broker();
  const seen: string[] = [];
  const options = { key: "id" as const, ...partitions && { partitions } };
  broker.subscriber(consumer(orders, name, options), ({ subject }) => void seen.push(subject));
  await broker.start();
  return { broker, seen };
}

for (const declare of ["create", "update", "verify"] as const) {
  onEveryServer(
    `start() refuses partitions with "${declare}" for a consumer that has none, and makes nothing`,
    async (server) => {
      const shop = await Workshop.at(server);
      await (await working(server, "create")).broker.stop();
      const error = await assertRejects(() => working(server, declare, 3), DifferenceError);
      const { field, declared, found, changeable } = error.differences[0]!;
      assertEquals([field, declared, found, changeable], [
        "partitions",
        "3 by id",
        undefined,
        false,
      ]);
      assertStringIncludes(error.message, 'consumer "work" of "ORDERS"');
      assertStringIncludes(error.message, "another name");
      await assertRejects(() => shop.stream("ORDERS~work"));
      const { seen } = await working(server, "create", 3, "work-2");
      await shop.storeAll(["orders.1", "orders.2"]);
      await until("all must be handled", () => seen.length === 2);
    },
    NEEDS,
  );
}

for (const declare of ["create", "update"] as const) {
  onEveryServer(
    `start() refuses a consumer without partitions with "${declare}" where one of the name has them, and makes nothing`,
    async (server) => {
      const shop = await Workshop.at(server);
      const first = await working(server, "create", 3);
      const error = await assertRejects(() => working(server, declare), DifferenceError);
      const { field, declared, found, changeable } = error.differences[0]!;
      assertEquals([field, declared, found, changeable], [
        "partitions",
        undefined,
        "3 by id",
        false,
      ]);
      assertStringIncludes(error.message, 'the stream "ORDERS~work"');
      await assertRejects(() => shop.consumer("ORDERS", "work"));
      await shop.storeAll(["orders.1", "orders.2"]);
      await until("all must be handled", () => first.seen.length === 2);
    },
    NEEDS,
  );
}

onEveryServer(
  "consumer() without partitions is made where another program's stream has the name of their stream",
  async (server) => {
    const shop = await Workshop.at(server);
    await shop.api.call("STREAM.CREATE.ORDERS~work", { name: "ORDERS~work", subjects: ["other"] });
    const { seen } = await working(server, "create");
    await shop.store("orders.1", 1);
    await until("it must be handled", () => seen.length === 1);
  },
  NEEDS,
);
