import { assert, assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { FrameClient } from "../support/jetstream/frame_client.ts";
import { until } from "../support/nats_server/until.ts";
import { usedMemory } from "../support/memory.ts";
import { besideStreams } from "./beside_streams.ts";

const MIB = 2 ** 20;

/** Publishes many at a time. Nobody stores more than some thousand that no answer is waited for. */
async function flood(client: FrameClient, count: number, subject: (i: number) => string) {
  for (let i = 0; i < count;) {
    let text = "";
    for (const end = Math.min(i + 1_000, count); i < end - 1; i++) {
      text += `PUB ${subject(i)} 3\r\nxyz\r\n`;
    }
    await client.say(text);
    await client.json(subject(i++), "xyz");
  }
}

onEveryServer(
  "EmbeddedServer: A stream that republishes into another, and that one back, leaves others their turn",
  async (backend) => {
    await besideStreams(backend, async (client) => {
      const other: Record<string, string> = { A: "b", B: "a" };
      for (const [name, dest] of Object.entries(other)) {
        await client.json(`$JS.API.STREAM.CREATE.${name}`, {
          name,
          subjects: [`${name.toLowerCase()}.>`],
          storage: "memory",
          max_msgs: 1,
          republish: { src: `${name.toLowerCase()}.>`, dest: `${dest}.>` },
        });
      }
      await client.publish("a.1", { body: "x" });
      const { state: before } = await client.json("$JS.API.STREAM.INFO.B");
      await delay(1_000);
      await until("it goes round and round", async () => {
        const { state } = await client.json("$JS.API.STREAM.INFO.B");
        return state.last_seq > before.last_seq;
      });
      assertEquals((await client.json("$JS.API.STREAM.DELETE.A")).success, true);
    });
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream of 30000 subjects is purged, asked and told without a standstill",
  async (backend) => {
    await besideStreams(backend, async (client) => {
      const config = { name: "A", subjects: ["a.>"], storage: "memory" };
      await client.json("$JS.API.STREAM.CREATE.A", config);
      await flood(client, 30_000, (i) => `a.${i % 100}.${i}.x`);
      const { total } = await client.json("$JS.API.STREAM.INFO.A", { subjects_filter: "a.*.*.x" });
      assertEquals(total, 30_000);
      const last = await client.json("$JS.API.STREAM.MSG.GET.A", { last_by_subj: "a.*.*.x" });
      assertEquals(last.message.seq, 30_000);
      const purge = { filter: "a.*.*.x", keep: 10 };
      assertEquals((await client.json("$JS.API.STREAM.PURGE.A", purge)).purged, 29_990);
    });
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream's configuration with thousands of subjects is made, changed and refused",
  async (backend) => {
    await besideStreams(backend, async (client) => {
      const subjects = (end: string) => Array.from({ length: 1_000 }, (_, i) => `a.${i}.${end}`);
      const config = { name: "A", subjects: subjects("*"), storage: "memory" };
      assertEquals((await client.json("$JS.API.STREAM.CREATE.A", config)).did_create, true);
      const other = { ...config, name: "B", subjects: ["a.999.x"] };
      const overlaps = await client.json("$JS.API.STREAM.CREATE.B", other);
      assertEquals(overlaps.error.err_code, 10_065);
      const changed = { ...config, subjects: subjects(">") };
      assertEquals((await client.json("$JS.API.STREAM.UPDATE.A", changed)).error, undefined);
      const twofold = { ...config, subjects: [...subjects("x"), "a.999.*"] };
      const refused = await client.json("$JS.API.STREAM.UPDATE.A", twofold);
      assertEquals(refused.error.err_code, 10_052);
    });
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream's API takes bottomless JSON for what it is",
  async (backend) => {
    await besideStreams(backend, async (client) => {
      for (const body of ["[".repeat(400_000), '{"metadata":'.repeat(40_000), '{"a":"'.repeat(9)]) {
        const { error } = await client.json("$JS.API.STREAM.CREATE.A", body);
        assertEquals(error.err_code, 10_025);
      }
      const odd = '{"name":"A","storage":"memory","metadata":{"__proto__":"x","constructor":"y"}}';
      const { config } = await client.json("$JS.API.STREAM.CREATE.A", odd);
      assertEquals(Object.keys(config.metadata).filter((key) => !key.startsWith("_nats")), [
        "__proto__",
        "constructor",
      ]);
      const { error } = await client.json("$JS.API.STREAM.CREATE.B", '{"__proto__":{"name":"B"}}');
      assertEquals(error.err_code, 10_025);
    });
  },
  { jetstream: true },
);

Deno.test("EmbeddedServer stores no more than maxMemory, however small the messages and deep their subjects are", async () => {
  await using server = await EmbeddedServer.start({ jetstream: { maxMemory: 32 * MIB } });
  await using client = await FrameClient.connect(server.port);
  await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a.>"] });
  const before = usedMemory();
  const deep = Array.from({ length: 500 }, (_, i) => i).join(".");
  await flood(client, 3_000, (i) => `a.${i}.${deep}`);
  await flood(client, 200_000, (i) => `a.${i}`);
  const used = usedMemory() - before;
  assert(used < 64 * MIB, `${Math.round(used / MIB)} MiB are held`);
  const { error } = await client.json("a.1", "x");
  assertEquals(error.err_code, 10_023);
  assertEquals(
    (await client.json("$JS.API.STREAM.CREATE.B", { name: "B" })).error.err_code,
    10_023,
  );
  await client.json("$JS.API.STREAM.PURGE.A");
  assertEquals((await client.json("a.1", "x")).error, undefined);
});

Deno.test("EmbeddedServer counts ids, batches and configurations of streams to what they hold", async () => {
  await using server = await EmbeddedServer.start({ jetstream: { maxMemory: 4 * MIB } });
  await using client = await FrameClient.connect(server.port);
  const fill = async (step: (i: number) => Promise<{ error?: { err_code: number } }>) => {
    for (let i = 0; i < 5_000; i++) {
      const { error } = await step(i);
      if (error) return error.err_code;
    }
    return "nothing is refused";
  };
  const rules = { max_msgs: 1, allow_atomic: true };
  await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a"], ...rules });
  const withHeaders = async (headers: Record<string, string>, body = "") => {
    const [answer] = await client.ask("a", { headers, body });
    return answer!.body === "" ? {} : JSON.parse(answer!.body);
  };
  const id = (i: number) => ({ "Nats-Msg-Id": `${i}${"x".repeat(4_000)}` });
  assertEquals(await fill((i) => withHeaders(id(i))), 10_023);
  await client.json("$JS.API.STREAM.DELETE.A");
  await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a"], ...rules });
  const part = (i: number) => ({ "Nats-Batch-Id": "b", "Nats-Batch-Sequence": String(i + 1) });
  assertEquals(await fill((i) => withHeaders(part(i), "x".repeat(40_000))), 10_023);
  await client.json("$JS.API.STREAM.DELETE.A");
  const metadata = { note: "x".repeat(100_000) };
  const create = (i: number) =>
    client.json(`$JS.API.STREAM.CREATE.S${i}`, { name: `S${i}`, metadata });
  assertEquals(await fill(create), 10_023);
});

Deno.test("EmbeddedServer drops a client that asks for more messages than it reads", async () => {
  await using server = await EmbeddedServer.start({ maxPending: 8 * MIB });
  await using client = await FrameClient.connect(server.port);
  const config = { name: "A", subjects: ["a"], allow_direct: true };
  await client.json("$JS.API.STREAM.CREATE.A", config);
  for (let i = 0; i < 40; i++) await client.json("a", "x".repeat(MIB / 2));
  const before = usedMemory();
  using greedy = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const request = '{"seq":1,"batch":40}';
  const asked = `PUB $JS.API.DIRECT.GET.A in ${request.length}\r\n${request}\r\n`;
  const words = `CONNECT {"verbose":false,"headers":true}\r\nSUB in 1\r\n${asked.repeat(200)}`;
  await greedy.write(new TextEncoder().encode(words));
  await until("the client must be dropped", () => server.stats().slowConsumers || undefined);
  const used = usedMemory() - before;
  assert(used < 100 * MIB, `${Math.round(used / MIB)} MiB are held`);
});

Deno.test("EmbeddedServer looks for no time that a pattern of commas alone could match", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await FrameClient.connect(server.port);
  const config = { name: "A", subjects: ["a.>"], allow_msg_schedules: true };
  await client.json("$JS.API.STREAM.CREATE.A", config);
  for (const pattern of [", * * * * *", "* , * * * *", "0 0 0 30 2 *", "0 0 0 , , ,"]) {
    const headers = { "Nats-Schedule": pattern, "Nats-Schedule-Target": "a.2" };
    const [answer] = await client.ask("a.1", { headers });
    assertEquals(JSON.parse(answer!.body).error?.err_code, 10_189, pattern);
  }
});
