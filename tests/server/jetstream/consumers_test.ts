import { assert, assertEquals } from "@std/assert";
import { onEveryServer } from "../../support/backends.ts";
import { FrameClient } from "../../support/jetstream/frame_client.ts";
import { until } from "../../support/nats_server/until.ts";

async function streamWith(client: FrameClient, messages: number): Promise<void> {
  await client.json("$JS.API.STREAM.CREATE.A", {
    name: "A",
    subjects: ["a.>"],
    storage: "memory",
  });
  for (let i = 0; i < messages; i++) await client.publish(`a.${i % 100}`, { body: "x" });
  await client.flush();
  await until("all must be stored", async () => {
    const { state } = await client.json("$JS.API.STREAM.INFO.A");
    return state.messages === messages || undefined;
  });
}

onEveryServer("EmbeddedServer: A stream's consumers are listed page by page", async (backend) => {
  await using client = await FrameClient.to(backend);
  const config = { name: "A", subjects: ["a"], storage: "memory", max_consumers: 1_100 };
  await client.json("$JS.API.STREAM.CREATE.A", config);
  for (let i = 0; i < 1_100; i++) await client.createConsumer(`c${i}`, { mem_storage: true });
  const { error } = await client.createConsumer("more");
  assertEquals(error.err_code, 10_026);
  const page = async (kind: string, offset: number) => {
    const answer = await client.json(`$JS.API.CONSUMER.${kind}.A`, { offset });
    return [answer.total, answer.offset, answer.limit, answer.consumers.length];
  };
  assertEquals(await page("NAMES", 0), [1_100, 0, 1_024, 1_024]);
  assertEquals(await page("NAMES", 1_024), [1_100, 1_024, 1_024, 76]);
  assertEquals(await page("LIST", 0), [1_100, 0, 256, 256]);
  assertEquals(await page("LIST", 1_000), [1_100, 1_000, 256, 100]);
  const { consumers } = await client.json("$JS.API.CONSUMER.NAMES.A");
  assertEquals(consumers.slice(0, 3), ["c0", "c1", "c10"]);
}, { jetstream: true });

onEveryServer(
  "EmbeddedServer: A stream has 1000 consumers where it does not say how many",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await streamWith(client, 0);
    for (let i = 0; i < 1_000; i++) {
      const { error } = await client.createConsumer(`c${i}`, { mem_storage: true });
      assertEquals(error, undefined);
    }
    assertEquals((await client.createConsumer("more")).error.err_code, 10_026);
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream's 300 consumers deliver 20000 messages, each its own",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await streamWith(client, 20_000);
    const sid = await client.subscribe("p");
    for (let i = 0; i < 300; i++) {
      await client.createConsumer(`c${i}`, { filter_subject: `a.${i % 100}`, mem_storage: true });
      const subject = `$JS.API.CONSUMER.MSG.NEXT.A.c${i}`;
      await client.publish(subject, { body: "50", reply: "p" });
    }
    const frames = await client.take((frame) => frame.sid === sid, 15_000, 20_000);
    assertEquals(frames.length, 15_000);
    assertEquals(frames.filter(({ reply }) => reply === "").length, 0);
    for (const { reply } of frames) await client.publish(reply);
    await client.flush();
    await until("all must be acknowledged", async () => {
      const { num_ack_pending, num_pending } = await client.json("$JS.API.CONSUMER.INFO.A.c299");
      return (num_ack_pending === 0 && num_pending === 150) || undefined;
    });
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream's consumer pushes 5000 messages of 10 KiB with flow control",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a"], storage: "memory" });
    const body = "x".repeat(10 * 1_024);
    for (let i = 0; i < 5_000; i++) await client.publish("a", { body });
    await client.flush();
    const sid = await client.subscribe("d");
    const said = { ack_policy: "none", deliver_subject: "d", flow_control: true };
    const config = { ...said, idle_heartbeat: 5_000_000_000 };
    await client.json("$JS.API.CONSUMER.CREATE.A.c", { stream_name: "A", config });
    let [messages, questions] = [0, 0];
    while (messages < 5_000) {
      const frames = await client.take((frame) => frame.sid === sid, 1, 5_000);
      assert(frames.length > 0, `only ${messages} messages came`);
      for (const { subject, reply, headers } of frames) {
        if (subject === "a") messages++;
        else if (headers.includes("FlowControl Request")) {
          questions++;
          await client.publish(reply);
        }
      }
    }
    assert(questions > 2, `it was asked ${questions} times`);
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream's consumer is for users who may ask it and acknowledge",
  async (backend) => {
    await using admin = await FrameClient.to(backend, { user: "admin", pass: "admin" });
    await streamWith(admin, 3);
    await admin.createConsumer("c");
    await admin.createConsumer("d");
    await using worker = await FrameClient.to(backend, { user: "worker", pass: "worker" });
    const sid = await worker.subscribe("_C.1");
    await worker.publish("$JS.API.CONSUMER.MSG.NEXT.A.c", { body: "2", reply: "_C.1" });
    const [first, second] = await worker.take((frame) => frame.sid === sid, 2);
    await worker.publish(first!.reply);
    await worker.publish(second!.reply);
    await worker.flush();
    await until("both must be acknowledged", async () => {
      const { ack_floor } = await admin.json("$JS.API.CONSUMER.INFO.A.c");
      return ack_floor.stream_seq === 2 || undefined;
    });
    const forbidden = [
      "$JS.API.CONSUMER.MSG.NEXT.A.d",
      "$JS.ACK.A.d.1.1.1.1.0",
      "$JS.API.CONSUMER.DELETE.A.c",
      "$JS.API.CONSUMER.CREATE.A.c",
    ];
    for (const subject of forbidden) {
      await worker.publish(subject, { reply: "_C.1" });
      await worker.flush();
      const violation = `-ERR 'Permissions Violation for Publish to "${subject}"'`;
      assertEquals(worker.errors.splice(0), [violation]);
    }
    assertEquals((await admin.json("$JS.API.CONSUMER.INFO.A.d")).delivered.consumer_seq, 0);
  },
  {
    jetstream: true,
    users: [
      { user: "admin", password: "admin" },
      {
        user: "worker",
        password: "worker",
        permissions: {
          publish: ["$JS.API.CONSUMER.MSG.NEXT.A.c", "$JS.ACK.A.c.>"],
          subscribe: ["_C.>", "_INBOX.>"],
        },
      },
    ],
  },
);

onEveryServer(
  "EmbeddedServer: A stream's consumer takes acknowledgements in any order, and 10000 that are forged",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await streamWith(client, 1_000);
    await client.createConsumer("c", { max_ack_pending: -1 });
    const sid = await client.subscribe("p");
    await client.publish("$JS.API.CONSUMER.MSG.NEXT.A.c", { body: "1000", reply: "p" });
    const frames = await client.take((frame) => frame.sid === sid, 1_000, 5_000);
    for (let i = 0; i < 10_000; i++) {
      const body = ["-NAK x", "+TERM", "", "+WPI", "what"][i % 5]!;
      await client.publish(`$JS.ACK.A.c.1.${i + 2_000}.${i}.1.0`, { body });
      await client.publish(`$JS.ACK.A.other.1.1.1.1.${i}`, { body });
    }
    // from both ends to the middle, and each twice
    for (let i = 0; i < 1_000; i++) {
      const at = i % 2 === 0 ? i / 2 : 999 - (i - 1) / 2;
      await client.publish(frames[at]!.reply);
      await client.publish(frames[at]!.reply, { body: "+ACK" });
    }
    await client.flush();
    await until("all must be acknowledged", async () => {
      const { ack_floor, num_ack_pending } = await client.json("$JS.API.CONSUMER.INFO.A.c");
      return (num_ack_pending === 0 && ack_floor.stream_seq === 1_000) || undefined;
    });
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream's consumer tells times again as they were said, to the nanosecond",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a"], storage: "memory" });
    const start = { deliver_policy: "by_start_time", ack_policy: "explicit" };
    const create = async (config: object) =>
      await client.json("$JS.API.CONSUMER.CREATE.A.c", {
        stream_name: "A",
        config: { name: "c", ...start, ...config },
      });
    const told = {
      "2030-01-01T00:30:00.1234567891+02:00": "2030-01-01T00:30:00.123456789+02:00",
      "2030-01-01T00:30:00,1200Z": "2030-01-01T00:30:00.12Z",
      "2030-01-01T00:30:00.000+00:00": "2030-01-01T00:30:00Z",
    };
    for (const [said, heard] of Object.entries(told)) {
      const { config } = await create({ opt_start_time: said, pause_until: said });
      assertEquals([config.opt_start_time, config.pause_until], [heard, heard]);
      const elsewhere = await create({ opt_start_time: said.replace("2030", "2031") });
      assertEquals(elsewhere.error.err_code, 10_012);
      await client.json("$JS.API.CONSUMER.DELETE.A.c");
    }
    await create({ opt_start_time: "2030-01-01T00:00:00.5Z" });
    assertEquals(
      (await create({ opt_start_time: "2030-01-01T02:00:00.5+02:00" })).error,
      undefined,
    );
    await client.json("$JS.API.CONSUMER.DELETE.A.c");
    const never = "0001-01-01T00:00:00Z";
    const { config } = await create({ opt_start_time: never, pause_until: never });
    assertEquals([config.pause_until, config.metadata["_nats.req.level"]], [never, "0"]);
    const pause = { pause_until: "2030-01-01T00:30:00.123456789+02:00" };
    const { pause_until } = await client.json("$JS.API.CONSUMER.PAUSE.A.c", pause);
    assertEquals(pause_until, "2029-12-31T22:30:00.123456789Z");
  },
  { jetstream: true },
);
