import { consumer, jetstream, LimitError, Reject, stream } from "@signalbox/nats/jetstream";
import { kv } from "@signalbox/nats/kv";
import { assertEquals, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { jetstream: { maxMemory: 2_000_000 }, since: "2.12" } as const;
const orders = stream("ORDERS", {
  subjects: ["orders.{id}"],
  storage: "memory",
  declare: "create",
  allowAtomic: true,
});

/** Takes all the room there is, and gives it back. */
async function filler({ api }: Workshop) {
  await api.call("STREAM.CREATE.FILLER", {
    name: "FILLER",
    subjects: ["filler"],
    storage: "memory",
  });
  const fill = async (size: number) => {
    const shop = { api };
    for (;;) {
      const answer = await shop.api.access.request("filler", new Uint8Array(size));
      if ("error" in (answer.body as object)) return;
    }
  };
  return {
    fill: async () => {
      for (const size of [100_000, 1_000, 1]) await fill(size);
    },
    empty: () => api.call("STREAM.PURGE.FILLER"),
  };
}

onEveryServer(
  "What finds no room on the server is refused, and later it is not",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const js = jetstream(broker, { streams: [orders] });
    const bucket = kv<number>(broker, "b", { declare: "create", storage: "memory", batch: true });
    await broker.start();
    await bucket.put("k", 1);
    const { fill, empty } = await filler(shop);
    const calls: readonly (() => Promise<unknown>)[] = [
      () => js.publish("orders.1", "x".repeat(1_000)),
      () => js.batch([["orders.2", 1], ["orders.3", 1]]),
      () => bucket.put("k", 2),
      () => bucket.change("k", (value = 0) => value + 1),
      () => bucket.batch((batch) => batch.put("k", 4).put("l", 4)),
      () => bucket.create("n", 1),
    ];
    await fill();
    for (const call of calls) {
      await assertRejects(
        call,
        LimitError,
        "it must stay within the limits",
      );
    }
    assertEquals((await bucket.get("k"))?.value, 1);
    await empty();
    for (const call of calls) await call();
    assertEquals((await bucket.get("k"))?.value, 4);
  },
  NEEDS,
);

onEveryServer(
  "consumer() keeps what it gives up as long as there is no room for its dead letter",
  async (server) => {
    const shop = await Workshop.at(server);
    await shop.api.call("STREAM.CREATE.ORDERS_DEAD", {
      name: "ORDERS_DEAD",
      subjects: ["ORDERS_DEAD.>"],
      storage: "memory",
    });
    const broker = server.broker();
    const errors = errorsOf(broker);
    const js = jetstream(broker, { streams: [orders] });
    const goOn = Promise.withResolvers<void>();
    const done: string[] = [];
    const begun: string[] = [];
    const work = consumer(orders, "work", {
      retry: { attempts: 2, backoff: "100ms" },
      ackWait: "2s",
    });
    broker.subscriber(work, async ({ params: { id } }) => {
      await goOn.promise;
      begun.push(id);
      if (id.startsWith("bad")) throw new Reject("no");
      if (id.startsWith("wrong")) throw new Error("again");
      done.push(id);
    });
    await broker.start();
    const { fill, empty } = await filler(shop);
    assertEquals((await shop.stream("ORDERS_DEAD")).config.storage, "memory");
    for (const id of ["bad", "good", "wrong", "bad-2"]) await js.publish(`orders.${id}`);
    await fill();
    goOn.resolve();
    await until(
      "the lack of room is told",
      () => errors.some((text) => text.includes("resources")),
    );
    await until("others are done", () => done.length > 0);
    assertEquals((await shop.stream("ORDERS_DEAD")).state.messages, 0);
    await empty();
    const letters = await shop.letters("ORDERS_DEAD", 3);
    await shop.settled("ORDERS", "work");
    const reasons = letters.map(({ headers }) => headers.get("Signalbox-Dead-Reason"));
    assertEquals(reasons.toSorted(), ["failed", "rejected", "rejected"]);
    // what was given up did not run again
    assertEquals(begun.toSorted(), ["bad", "bad-2", "good", "wrong", "wrong"]);
    assertEquals(done, ["good"]);
    assertEquals((await shop.stream("ORDERS_DEAD")).state.messages, 3);
  },
  NEEDS,
);
