import { consumer, jetstream, JetStreamError, stream, workQueue } from "@signalbox/nats/jetstream";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { onEveryJetStream, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { started } from "../support/jetstream/started.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { OrderedRead } from "../support/jetstream/internals.ts";

const encoder = new TextEncoder();
const INFO = { config: { name: "A" }, created: "2026-01-01T00:00:00Z", state: { last_seq: 3 } };
const MADE = { name: "c", num_pending: 3, delivered: { consumer_seq: 0, stream_seq: 0 } };

/** Somebody who answers for JetStream, on a server that has none; gives where a consumer is to deliver. */
async function liar(
  { access }: Awaited<ReturnType<typeof started>>,
  info: unknown,
  made: unknown,
): Promise<{ readonly asked: Promise<{ readonly inbox: string; readonly consumer: string }> }> {
  const asked = Promise.withResolvers<{ inbox: string; consumer: string }>();
  const says = (subject: string, answer: unknown) =>
    access.subscribe(subject, ({ replyTo }) => {
      if (replyTo !== "") access.publish(replyTo, encoder.encode(JSON.stringify(answer)));
    });
  says("$JS.API.STREAM.INFO.A", info);
  says("$JS.API.CONSUMER.CREATE.A.>", made);
  says("$JS.API.CONSUMER.DELETE.A.*", { success: true });
  access.subscribe("$JS.API.CONSUMER.MSG.NEXT.A.*", ({ subject, replyTo }) => {
    asked.resolve({ inbox: replyTo, consumer: subject.split(".").at(-1)! });
  });
  await access.flush();
  return { asked: asked.promise };
}

const WRONG: readonly (readonly [string, unknown, unknown])[] = [
  ["nothing", {}, MADE],
  ["no state", { ...INFO, state: null }, MADE],
  ["a text for a number", { ...INFO, state: { last_seq: "3" } }, MADE],
  ["no config", { ...INFO, config: undefined }, MADE],
  ["nothing of the consumer", INFO, {}],
  ["a place below 0", INFO, { ...MADE, delivered: { stream_seq: -1 } }],
  ["a number beyond all", INFO, { ...MADE, num_pending: 2 ** 60 }],
  ["a list", [], MADE],
];

onEveryServer(
  "OrderedRead fails with a sentence where a server answers anything",
  async (server) => {
    for (const [what, info, made] of WRONG) {
      const test = await started(server);
      await liar(test, info, made);
      const read = new OrderedRead(test.api, { stream: "A" });
      await assertRejects(() => read.ready, JetStreamError, "an answer must", what);
      assertEquals(await read.closed, "failed");
      await test.broker.stop();
    }
  },
);

onEveryServer("OrderedRead takes nothing that its consumer has not sent", async (server) => {
  const test = await started(server);
  const { asked } = await liar(test, INFO, MADE);
  const read = new OrderedRead(test.api, { stream: "A" });
  const { inbox, consumer } = await asked;
  const send = (replyTo: string, body = "x") =>
    test.access.publish(inbox, encoder.encode(body), { replyTo });
  const place = (consumer: string, seq: string | number) =>
    `$JS.ACK.A.${consumer}.1.${seq}.1.1767225600123456789.0`;
  for (const replyTo of ["", "orders.7", place("other", 1), place(consumer, "x")]) send(replyTo);
  await test.access.flush();
  await delay(50);
  assertEquals(read.readNow(), undefined);
  await read.close();
});

onEveryJetStream(
  "js.read() says that a work queue has no reader beside its consumer",
  async (server) => {
    const test = await started(server);
    const jobs = workQueue("JOBS", { subjects: ["jobs.*"], storage: "memory", declare: "create" });
    const js = jetstream(test.broker, { streams: [jobs] });
    await until("the stream must be there", () => js.info(jobs).then(() => true, () => false));
    await js.publish("jobs.1", "x");
    await assertRejects(() => js.read(jobs).next(), JetStreamError, "beside its consumer");
    assertEquals((await js.info(jobs)).consumers, 0);
  },
);

onEveryJetStream(
  "js.read() tells of what keeps it from going on, once, and goes on after it",
  async (server) => {
    const test = await started(server);
    const orders = stream("ORDERS", {
      subjects: ["orders.*"],
      storage: "memory",
      declare: "create",
    });
    const js = jetstream(test.broker, { streams: [orders] });
    await until("the stream must be there", () => js.info(orders).then(() => true, () => false));
    const events = recorded(test.broker);
    const reader = js.read(orders);
    await reader.ready;
    await test.api.call("STREAM.DELETE.ORDERS");
    // some servers say nothing, and then their silence must be noticed
    await until("it must be told", () => errorsIn(events).length > 0, { timeout: 20_000 });
    await delay(400);
    assertEquals(errorsIn(events).map(({ name }) => name), ["NotFoundError"]);
    await test.create({ name: "ORDERS", subjects: ["orders.*"] });
    await js.publish("orders.1", "again");
    assertEquals((await reader.next({ timeout: 20_000 }))?.body, "again");
    await reader.close();
  },
);

onEveryJetStream("js.read() and js.deadLetters() say that a consumer is no stream", (server) => {
  const js = jetstream(server.broker());
  const billing = consumer(stream("ORDERS", { subjects: ["orders.{id}"] }), "billing");
  for (const given of [billing, { stream: "ORDERS", name: "billing" }, null, { name: "" }]) {
    for (const read of [() => js.read(given as never), () => js.deadLetters(given as never)]) {
      assertThrows(read, TypeError, "Cannot read a stream as it must be one that was declared, or");
    }
  }
  return Promise.resolve();
});
