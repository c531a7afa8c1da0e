import { assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { onEveryServer } from "../../support/backends.ts";
import { FrameClient } from "../../support/jetstream/frame_client.ts";
import { until } from "../../support/nats_server/until.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** Makes a stream in memory. */
async function create(client: FrameClient, name: string, config: object): Promise<void> {
  const said = { name, storage: "memory", ...config };
  const { error } = await client.json(`$JS.API.STREAM.CREATE.${name}`, said);
  assertEquals(error, undefined);
}

/** How many messages a stream has. */
async function sizeOf(client: FrameClient, name: string): Promise<number> {
  return (await client.json(`$JS.API.STREAM.INFO.${name}`)).state.messages;
}

onEveryServer(
  "EmbeddedServer: A stream copies many messages in their order, while more come",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await create(client, "A", { subjects: ["a"] });
    for (let i = 1; i <= 3_000; i++) await client.publish("a", { body: String(i) });
    await create(client, "B", { sources: [{ name: "A" }], allow_direct: true });
    for (let i = 3_001; i <= 6_000; i++) await client.publish("a", { body: String(i) });
    await until("the copies", async () => await sizeOf(client, "B") === 6_000);
    const body = JSON.stringify({ seq: 1, batch: 6_000, next_by_subj: "a" });
    const frames = await client.ask("$JS.API.DIRECT.GET.B", { body }, 6_001);
    const bodies = frames.slice(0, -1).map((frame) => Number(frame.body));
    assertEquals(bodies, Array.from({ length: 6_000 }, (_, i) => i + 1));
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream copies on once there is memory again",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await create(client, "A", { subjects: ["a"] });
    await create(client, "C", { subjects: ["c"] });
    await create(client, "B", { sources: [{ name: "C" }] });
    await client.json("c", "small");
    await until("the first copy", async () => await sizeOf(client, "B") === 1);
    const small = "x".repeat(KIB);
    while (!(await client.json("a", small)).error);
    await client.json("$JS.API.STREAM.PURGE.A", { keep: await sizeOf(client, "A") - 2 });
    assertEquals((await client.json("c", "x".repeat(64 * KIB))).error, undefined);
    assertEquals((await client.json("c", "small")).error?.err_code, 10_023);
    assertEquals(await sizeOf(client, "B"), 1);
    await client.json("$JS.API.STREAM.DELETE.A");
    await until("the second copy", async () => await sizeOf(client, "B") === 2);
  },
  { jetstream: { maxMemory: MIB } },
);

Deno.test("EmbeddedServer: A stream that copies itself in a circle leaves the server to others, and to its end", async () => {
  await using server = await EmbeddedServer.start({ jetstream: { maxMemory: MIB } });
  await using client = await FrameClient.to(server);
  // nats-server does not see this circle either
  await create(client, "A", {
    subjects: ["a"],
    subject_transform: { src: "a", dest: "b" },
    sources: [{ name: "A", filter_subject: "b" }],
  });
  await client.publish("a", { body: "x" });
  await until("the copies", async () => await sizeOf(client, "A") > 1_000);
  const { error } = await client.json("$JS.API.STREAM.UPDATE.A", {
    name: "A",
    storage: "memory",
    subjects: ["a"],
  });
  assertEquals(error, undefined);
  const size = await sizeOf(client, "A");
  await client.flush();
  assertEquals(await sizeOf(client, "A"), size);
});
