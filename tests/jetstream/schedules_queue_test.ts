import { assertEquals, assertRejects } from "@std/assert";
import { JetStreamError, NoScheduleError, NotFoundError } from "@signalbox/nats/jetstream";
import { consumer, jetstream, workQueue } from "../../src/jetstream/mod.ts";
import { onEveryJetStream } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { recorded } from "../support/recorded.ts";

const queue = workQueue("Q", {
  subjects: ["q.{id}"],
  allowMsgSchedules: true,
  declare: "create",
});

onEveryJetStream(
  "JetStream.schedules() lists the schedules of a work queue in order, while a consumer works on it",
  async (server) => {
    const broker = server.broker();
    const events = recorded(broker);
    const js = jetstream(broker, { streams: [queue] });
    broker.subscriber(consumer(queue, "work"), () => {});
    await broker.start();
    assertEquals(await Array.fromAsync(js.schedules(queue)), []);
    for (const id of ["1", "2", "3"]) {
      await js.schedule(`q.${id}`, { in: "1h" }, { id }, { name: `job ${id}` });
    }
    await js.publish("q.4", "now");
    await (await js.scheduled(queue, "job 2"))?.cancel();
    const reader = js.schedules(queue);
    const found = await Array.fromAsync(reader);
    assertEquals(
      found.map(({ name, subject, params, body }) => [name, subject, params, body]),
      [["job 1", "q.1", { id: "1" }, { id: "1" }], ["job 3", "q.3", { id: "3" }, { id: "3" }]],
    );
    assertEquals(await reader.closed, "complete");
    assertEquals(await found[0]!.cancel(), true);
    const headers = await Array.fromAsync(js.schedules(queue, { headersOnly: true }));
    assertEquals(headers.map(({ name, data }) => [name, data.length]), [["job 3", 0]]);
    assertEquals(events.filter(({ type }) => type === "error"), []);
  },
  { since: "2.14" },
);

onEveryJetStream(
  "JetStream.schedules() of a work queue ends by close(), and fails without the queue",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    const js = jetstream(broker);
    await assertRejects(() => js.schedules(queue).next(), NotFoundError);
    jetstream(broker, { streams: [queue] });
    await broker.stop();
    await broker.start();
    for (const id of ["1", "2"]) await js.schedule(`q.${id}`, { in: "1h" }, id, { stream: queue });
    const reader = js.schedules(queue);
    assertEquals((await reader.ready).pending, 2);
    assertEquals((await reader.next())?.body, "1");
    await reader.close();
    assertEquals([await reader.next(), await reader.closed], [undefined, "cancelled"]);
  },
  { since: "2.14" },
);

onEveryJetStream(
  "JetStream.schedules() of a work queue lists a repeating schedule once, even if it fires meanwhile",
  async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, { streams: [queue] });
    let fired = 0;
    broker.subscriber(consumer(queue, "work"), () => void fired++);
    await broker.start();
    for (const name of ["a", "b", "c"]) {
      await js.schedule(`q.${name}`, { every: "1s" }, name, { name });
    }
    const reader = js.schedules(queue);
    const names = [(await reader.next())!.name];
    await until("all must have fired", () => fired >= 6);
    await js.schedule("q.later", { in: "1h" }, 1, { name: "later" });
    for await (const { name } of reader) names.push(name);
    assertEquals(names.sort(), ["a", "b", "c"]);
  },
  { since: "2.14" },
);

onEveryJetStream(
  "JetStream.schedules() asks for the declaration of a work queue where it gets the name",
  async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, { streams: [queue] });
    await broker.start();
    await js.schedule("q.1", { in: "1h" });
    const reader = js.schedules("Q");
    const { message } = await assertRejects(() => reader.next(), JetStreamError);
    const rule = "a work queue must be passed as its declaration: it was passed as its name";
    assertEquals(message, `Cannot read "Q" as ${rule}`);
    assertEquals(await reader.closed, "failed");
  },
  { since: "2.14" },
);

for (const unique of ["until-done", "while-queued"] as const) {
  onEveryJetStream(
    `js.schedule() says that a work queue with unique: "${unique}" takes no schedules`,
    async (server) => {
      const of = workQueue("Q", { subjects: ["q.{id}"], unique, declare: "create" });
      const broker = server.broker();
      const js = jetstream(broker, { streams: [of] });
      await broker.start();
      const { message } = await assertRejects(
        () => js.schedule("q.1", { in: "1h" }),
        NoScheduleError,
      );
      const rule = `the stream "Q" must take schedules: a work queue with unique: "${unique}"`;
      assertEquals(message, `Cannot schedule "q.1" as ${rule} takes none`);
    },
    { since: "2.14" },
  );
}
