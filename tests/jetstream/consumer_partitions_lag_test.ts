import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { consumer, jetstream, NotFoundError, stream } from "../../src/jetstream/mod.ts";
import {
  type Backend,
  onEmbeddedServer,
  onEveryServer,
  onNatsServer,
  type User,
} from "../support/backends.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
const work = consumer(orders, "work", { subject: "orders.{id}.placed", key: "id", partitions: 3 });
const NEEDS = { jetstream: true, since: "2.15" } as const;
const placed = (count: number) => Array.from({ length: count }, (_, at) => `orders.${at}.placed`);

/** A consumer that works, and one who asks. */
async function started(server: Pick<Backend, "broker">, before: readonly string[] = []) {
  const shop = await Workshop.at(server);
  const made = server.broker();
  made.subscriber(consumer(orders, "other"), () => {});
  await made.start();
  await shop.storeAll(before);
  const broker = server.broker();
  const seen: number[] = [];
  broker.subscriber(work, ({ delivery }) => void seen.push(delivery.seq));
  await broker.start();
  return { shop, broker, js: jetstream(broker), seen };
}

onEveryServer("js.lag() counts what the server has not copied into partitions", async (server) => {
  const { shop, js, seen } = await started(server, placed(300));
  for (let total = 300; total > 0;) ({ total } = await js.lag(work));
  assertEquals(seen.length, 300);
  for (let round = 1; round <= 20; round++) {
    await shop.storeAll(placed(20));
    for (let total = 20; total > 0;) ({ total } = await js.lag(work));
    assertEquals(seen.length, 300 + round * 20);
  }
  // messages of other subjects are not to be copied
  await shop.storeAll(["orders.1.paid", "orders.2.paid"]);
  assertEquals(await js.lag(work), { pending: 0, unsettled: 0, total: 0 });
}, NEEDS);

onEveryServer(
  "js.lag() of a consumer with partitions counts what a stream has that was deleted and made again",
  async (server) => {
    const { shop, js, seen } = await started(server, placed(30));
    await until("all must be done", () => seen.length === 30);
    await js.pause(work, "1h");
    const { config } = await shop.stream("ORDERS");
    await shop.api.call("STREAM.DELETE.ORDERS");
    await shop.api.call("STREAM.CREATE.ORDERS", config);
    await shop.storeAll(placed(20));
    assertEquals((await js.lag(work)).total, 20);
    assertEquals(seen.length, 30);
  },
  NEEDS,
);

for (
  const [words, from, total] of [
    ["a number", { seq: 9 }, 2],
    ["a number to come", { seq: 90 }, 0],
    ["a time to come", { time: new Date(Date.now() + 3_600_000) }, 0],
  ] as const
) {
  onEveryServer(
    `js.lag() of a consumer with partitions that begins at ${words} leaves out what is before`,
    async (server) => {
      const { shop, js } = await started(server, placed(10));
      const ended = Promise.withResolvers<void>();
      const late = consumer(orders, "late", { key: "id", partitions: 2, from });
      const other = server.broker();
      let runs = 0;
      other.subscriber(late, () => {
        runs++;
        return ended.promise;
      });
      await other.start();
      assertEquals((await js.lag(late)).total, total);
      await until("both must begin", () => runs === total);
      assertEquals((await shop.stream("ORDERS~late")).state.messages, total);
      ended.resolve();
      await other.stop();
    },
    NEEDS,
  );
}

onEveryServer(
  "js.info() of a consumer with partitions names itself, its stream and places in that stream",
  async (server) => {
    const { shop, js, seen } = await started(server);
    const empty = await js.info(work);
    assertEquals([empty.deliveredSeq, empty.doneSeq], [undefined, undefined]);
    await shop.storeAll(["orders.1.paid", ...placed(9), "orders.2.paid"]);
    await until("all must be done", async () => (await js.lag(work)).total === 0);
    const last = Math.max(...seen);
    const done = await js.info(work);
    assertEquals([done.name, done.stream], ["work", "ORDERS"]);
    assertEquals([done.deliveredSeq, done.doneSeq, done.pending], [last, last, 0]);
    await js.pause(work, "1h");
    await shop.storeAll(["orders.3.paid", ...placed(9)]);
    const { state } = await shop.stream("ORDERS");
    await until("they must be copied", async () => {
      return (await shop.stream("ORDERS~work")).state.messages === 9;
    });
    const waiting = await js.info(work);
    assertEquals([waiting.pending, waiting.deliveredSeq], [9, undefined]);
    assert(waiting.doneSeq! >= last && waiting.doneSeq! <= state.last_seq - 9);
  },
  NEEDS,
);

onEveryServer(
  "js.lag() and others say that partitions must be given of a consumer named by its name",
  async (server) => {
    const { js } = await started(server);
    for (const name of ["work", "none"]) {
      const error = await assertRejects(
        () => js.lag({ stream: "ORDERS", name }),
        NotFoundError,
        'one with partitions needs "partitions: n" here (10014)',
      );
      assertEquals([error.kind, error.errCode], ["consumer", 10_014]);
    }
    assertEquals((await js.lag({ stream: "ORDERS", name: "work", partitions: 3 })).total, 0);
    const none = consumer(orders, "none");
    const error = await assertRejects(() => js.pause(none, "1h"), NotFoundError);
    assertEquals(error.message.includes("partitions"), false);
  },
  NEEDS,
);

const admin: User = { user: "admin", password: "admin" };
for (const [kind, onServer] of Object.entries({ onNatsServer, onEmbeddedServer })) {
  Deno.test(`js.lag() and js.info() of a consumer with partitions need no more than permissions() lists [${kind}]`, async () => {
    const options = { inboxPrefix: "_LOOK", logger: false } as const;
    const ask = async (broker: NatsBroker) => {
      const js = jetstream(broker);
      const answers = await Promise.allSettled([js.lag(work), js.info(work)]);
      return answers.map((each) => each.status);
    };
    const planned = new NatsBroker("nats://127.0.0.1:1", options);
    await ask(planned);
    const { publish, subscribe } = planned.permissions();
    assertEquals((publish as string[]).filter((each) => /MSG|STREAM/.test(each)), [
      "$JS.API.STREAM.INFO.ORDERS",
      "$JS.API.STREAM.INFO.ORDERS~work",
      "$JS.API.STREAM.MSG.GET.ORDERS",
      "$JS.API.STREAM.MSG.GET.ORDERS~work",
    ]);
    const permissions = { publish: publish as string[], subscribe };
    const user: User = { user: "look", password: "look", permissions };
    await onServer(async (server) => {
      const { shop } = await started({
        broker: (more) => server.broker({ as: admin, ...more }),
      });
      await jetstream(shop.broker).pause(work, "1h");
      await shop.storeAll([...placed(9), "orders.1.paid"]);
      const broker = server.broker({ as: user, ...options });
      const told = recorded(broker);
      await broker.start();
      for (let round = 0; round < 5; round++) {
        assertEquals(await ask(broker), ["fulfilled", "fulfilled"]);
      }
      await broker.stop();
      assertEquals(errorsIn(told), []);
    }, { ...NEEDS, users: [admin, user] });
  });
}
