import { consumer, jetstream, Reject, stream, workQueue } from "@signalbox/nats/jetstream";
import { assertEquals } from "@std/assert";
import { type Backend, onEveryJetStream } from "../../support/backends.ts";
import { until } from "../../support/nats_server/until.ts";

const settings = { storage: "memory", declare: "create" } as const;
const orders = stream("ORDERS", { subjects: ["orders.{id}"], ...settings });
const jobs = workQueue("JOBS", { subjects: ["jobs.{id}"], ...settings });

/** What a handler got: the parameter, how often, and which message it is. */
type Got = readonly [id: string, attempt: number, delivery: string];

/** A consumer that rejects everything until it is told otherwise, and notes what it got. */
function rejecting(server: Backend, of: typeof orders | typeof jobs, name = "billing") {
  const broker = server.broker();
  const got: Got[] = [];
  const work = { broker, got, isGood: false, js: jetstream(broker, { streams: [of] }) };
  broker.subscriber(
    consumer<string>(of, name, { ackWait: "500ms" }),
    ({ params, delivery: { attempt, id } }) => {
      got.push([params.id!, attempt, id]);
      if (!work.isGood) throw new Reject("not now");
    },
  );
  return work;
}

/** Gives back all that is dead; returns how many. */
async function replayAll({ js }: { js: ReturnType<typeof jetstream> }, of: typeof orders) {
  let count = 0;
  for await (const dead of js.deadLetters(of)) if (await dead.replay()) count++;
  return count;
}

for (
  const [kind, of, subject] of [["stream", orders, "orders.7"], [
    "work queue",
    jobs,
    "jobs.7",
  ]] as const
) {
  onEveryJetStream(
    `dead.replay() of a ${kind} gives a message to its consumer as often as it dies, each time once`,
    async (server) => {
      const work = rejecting(server, of as typeof orders);
      await work.broker.start();
      await work.js.publish(subject, "x", { id: "once" });
      for (let life = 1; life <= 3; life++) {
        await until("it must be given up", async () => {
          return work.got.length === life &&
            (await work.js.info(`${of.name}_DEAD`)).messages > life - 1;
        });
        assertEquals(await replayAll(work, of as typeof orders), 1, `life ${life}`);
      }
      await until("it must die once more", () => work.got.length === 4);
      work.isGood = true;
      await until(
        "its letter must be there",
        async () => await replayAll(work, of as typeof orders) === 1,
      );
      await until("it must come again", () => work.got.length === 5);
      assertEquals(await replayAll(work, of as typeof orders), 0);
      assertEquals(new Set(work.got.map((each) => each.join(" "))), new Set([`7 1 ${of.name}:1`]));
    },
  );
}

onEveryJetStream(
  "dead.replay() reaches no other consumer of the stream, and { to: stream } all",
  async (server) => {
    const billing = rejecting(server, orders);
    const mail = rejecting(server, orders, "mail");
    mail.isGood = true;
    await Promise.all([billing.broker.start(), mail.broker.start()]);
    await billing.js.publish("orders.7", "x");
    await until("it must be given up", async () => {
      return (await billing.js.info("ORDERS_DEAD").catch(() => undefined))?.messages === 1;
    });
    billing.isGood = true;
    await replayAll(billing, orders);
    await until("it must come again", () => billing.got.length === 2);
    assertEquals(mail.got.length, 1);
    billing.isGood = false;
    await billing.js.publish("orders.8", "x");
    await until("it must be given up", () => billing.got.length === 3);
    billing.isGood = true;
    await until("it must be given back to all", async () => {
      const dead = await billing.js.deadLetters(orders).next();
      return dead?.replay({ to: "stream" });
    });
    await until("all must have it", () => billing.got.length === 4 && mail.got.length === 3);
    assertEquals(mail.got.at(-1), ["8", 1, "ORDERS:3"]);
  },
);

onEveryJetStream(
  "dead.replay() gives back many at once, each to one of several processes",
  async (server) => {
    const workers = Array.from({ length: 3 }, () => rejecting(server, orders));
    for (const { broker } of workers) await broker.start();
    const [first] = workers;
    const count = 60;
    for (let i = 0; i < count; i++) await first!.js.publish(`orders.${i}`, i);
    await until("all must be given up", async () => {
      return (await first!.js.info("ORDERS_DEAD")).messages === count;
    });
    for (const work of workers) {
      work.isGood = true;
      work.got.length = 0;
    }
    // three programs replay at the same time
    const counts = await Promise.all(workers.map((work) => replayAll(work, orders)));
    assertEquals(counts.reduce((sum, one) => sum + one), count);
    const all = () => workers.flatMap(({ got }) => got);
    await until("all must come again", () => all().length >= count);
    assertEquals(all().map(([id]) => Number(id)).sort((a, b) => a - b), [...Array(count).keys()]);
  },
);

onEveryJetStream(
  "js.pause() holds back what is given back, too, and js.lag() counts it",
  async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, { streams: [orders] });
    const billing = consumer(orders, "billing", { deadLetter: "GIVEN_UP" });
    let isGood = false;
    const got: string[] = [];
    broker.subscriber(billing, ({ params }) => {
      got.push(params.id);
      if (!isGood) throw new Reject("not now");
    });
    await broker.start();
    await js.publish("orders.7", "x");
    await until("it must be given up", async () => (await js.info("GIVEN_UP")).messages === 1);
    await until("nothing must be left", async () => (await js.lag(billing)).total === 0);
    isGood = true;
    await js.pause(billing, "1h");
    for await (const dead of js.deadLetters(orders, { consumer: billing })) await dead.replay();
    assertEquals(await js.lag(billing), { pending: 1, unsettled: 0, total: 1 });
    assertEquals((await js.info(billing)).total, 1);
    assertEquals(got, ["7"]);
    await js.resume(billing);
    await until("it must come again", () => got.length === 2);
    await until("nothing must be left", async () => (await js.lag(billing)).total === 0);
  },
  { since: "2.11" },
);
