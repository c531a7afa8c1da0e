import { assert, assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { FrameClient } from "../support/jetstream/frame_client.ts";
import { until } from "../support/nats_server/until.ts";
import { besideStreams } from "./beside_streams.ts";

async function attacked(
  backend: Backend,
  attack: (client: FrameClient) => Promise<void>,
): Promise<void> {
  await besideStreams(backend, async (client) => {
    const stream = { name: "A", subjects: ["a.>"], storage: "memory" };
    await client.json("$JS.API.STREAM.CREATE.A", stream);
    await attack(client);
  });
}

onEveryServer(
  "EmbeddedServer: A consumer at which 20000 requests wait leaves others their turn",
  async (backend) => {
    await attacked(backend, async (client) => {
      await client.createConsumer("c", { max_waiting: 1_000_000 });
      const sid = await client.subscribe("p");
      const body = JSON.stringify({ batch: 1, expires: 60_000_000_000 });
      for (let i = 0; i < 20_000; i++) {
        await client.publish("$JS.API.CONSUMER.MSG.NEXT.A.c", { body, reply: "p" });
      }
      for (let i = 0; i < 1_000; i++) await client.publish("a.1", { body: "x" });
      const frames = await client.take((frame) => frame.sid === sid, 1_000, 20_000);
      assertEquals(frames.filter(({ subject }) => subject === "a.1").length, 1_000);
      await until("the others must wait", async () => {
        const { num_waiting } = await client.json("$JS.API.CONSUMER.INFO.A.c");
        return num_waiting === 19_000 || undefined;
      });
    });
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A consumer whose messages are refused for ever leaves others their turn",
  async (backend) => {
    await attacked(backend, async (client) => {
      await client.createConsumer("c", { max_ack_pending: -1 });
      for (let i = 0; i < 100; i++) await client.publish("a.1", { body: "x" });
      const sid = await client.subscribe("p");
      const body = JSON.stringify({ batch: 5_000, expires: 60_000_000_000 });
      await client.publish("$JS.API.CONSUMER.MSG.NEXT.A.c", { body, reply: "p" });
      for (let refused = 0; refused < 4_000;) {
        const frames = await client.take((frame) => frame.sid === sid, 100, 5_000);
        assert(frames.length > 0, `nothing came after ${refused}`);
        for (const { reply } of frames) await client.publish(reply, { body: "-NAK" });
        refused += frames.length;
      }
    });
  },
  { jetstream: true },
);

Deno.test("EmbeddedServer: A consumer keeps no more than 1000 messages open where memory is short, and goes on once there is some", async () => {
  await using server = await EmbeddedServer.start({ jetstream: { maxMemory: 1_024 * 1_024 } });
  await using client = await FrameClient.connect(server.port);
  await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a"] });
  let messages = 0;
  while (messages < 2_000 && !(await client.json("a", "x")).error) messages++;
  assert(messages > 1_500);
  await client.createConsumer("c", { max_ack_pending: -1 });
  const sid = await client.subscribe("p");
  await client.publish("$JS.API.CONSUMER.MSG.NEXT.A.c", { body: String(messages), reply: "p" });
  // so many at least, however late they come, and what comes with them
  const next = async (least: number) => [
    ...await client.take((frame) => frame.sid === sid, least, 20_000),
    ...await client.take((frame) => frame.sid === sid, messages, 500),
  ];
  let open = await next(1_000);
  assert(open.length >= 1_000 && open.length < messages, `${open.length} of ${messages} are open`);
  let done = 0;
  while (open.length > 0) {
    for (const { reply } of open) await client.publish(reply);
    done += open.length;
    open = await next(Math.min(1, messages - done));
  }
  assertEquals(done, messages);
});
