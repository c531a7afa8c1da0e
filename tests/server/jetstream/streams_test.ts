import { assert, assertEquals } from "@std/assert";
import { onEveryServer } from "../../support/backends.ts";
import { FrameClient } from "../../support/jetstream/frame_client.ts";
import { until } from "../../support/nats_server/until.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;

onEveryServer(
  "EmbeddedServer: A stream's server refuses messages where all of its memory is taken",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a"], storage: "memory" });
    const body = "x".repeat(16 * KIB);
    let refused;
    for (let i = 0; i < 200 && !refused?.error; i++) refused = await client.json("a", body);
    assertEquals(refused.error, {
      code: 503,
      err_code: 10_023,
      description: "insufficient resources",
    });
    assertEquals((await client.json("$JS.API.STREAM.PURGE.A")).success, true);
    assertEquals((await client.json("a", body)).error, undefined);
  },
  { jetstream: { maxMemory: MIB } },
);

onEveryServer(
  "EmbeddedServer: A stream's server makes no stream that reserves more than it has",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    const create = async (name: string, storage: string, max_bytes: number) => {
      const config = { name, subjects: [name], storage, max_bytes };
      const { error } = await client.json(`$JS.API.STREAM.CREATE.${name}`, config);
      return error?.err_code;
    };
    assertEquals(await create("A", "memory", 2 * MIB), 10_028);
    assertEquals(await create("A", "file", 2 * MIB), 10_047);
    assertEquals(await create("A", "memory", MIB / 2), undefined);
    assertEquals(await create("B", "memory", MIB), 10_028);
    const more = { name: "A", subjects: ["A"], storage: "memory", max_bytes: 2 * MIB };
    const { error } = await client.json("$JS.API.STREAM.UPDATE.A", more);
    assertEquals(error?.err_code, 10_028);
    const { reserved_memory } = await client.json("$JS.API.INFO");
    assertEquals(reserved_memory, MIB / 2);
  },
  { jetstream: { maxMemory: MIB } },
);

onEveryServer(
  "EmbeddedServer: A stream is for users who may publish to its subjects and to its API",
  async (backend) => {
    await using admin = await FrameClient.to(backend, { user: "admin", pass: "admin" });
    await admin.json("$JS.API.STREAM.CREATE.A", {
      name: "A",
      subjects: ["a.>"],
      storage: "memory",
    });
    await using shop = await FrameClient.to(backend, { user: "shop", pass: "shop" });
    assertEquals(await shop.json("a.in.1", "x"), { stream: "A", seq: 1 });
    assertEquals((await shop.json("$JS.API.STREAM.INFO.A")).state.messages, 1);
    for (const subject of ["a.other", "$JS.API.STREAM.DELETE.A", "$JS.API.STREAM.CREATE.B"]) {
      await shop.publish(subject, { reply: shop.inbox() });
      await shop.flush();
      const violation = `-ERR 'Permissions Violation for Publish to "${subject}"'`;
      assertEquals(shop.errors.splice(0), [violation]);
    }
    assertEquals((await admin.json("$JS.API.STREAM.INFO.A")).state.messages, 1);
  },
  {
    jetstream: true,
    users: [
      { user: "admin", password: "admin" },
      {
        user: "shop",
        password: "shop",
        permissions: { publish: ["a.in.*", "$JS.API.STREAM.INFO.A"], subscribe: ["_INBOX.>"] },
      },
    ],
  },
);

onEveryServer(
  "EmbeddedServer: A stream's schedule is due every second until it is taken back",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    const rules = { allow_msg_schedules: true, allow_direct: true };
    const config = { name: "A", subjects: ["a.>"], storage: "memory", ...rules };
    await client.json("$JS.API.STREAM.CREATE.A", config);
    const headers = { "Nats-Schedule": "@every 1s", "Nats-Schedule-Target": "a.out" };
    await client.ask("a.tick", { headers, body: "tock" });
    const info = () => client.json("$JS.API.STREAM.INFO.A", { subjects_filter: ">" });
    await until("three must have come", async () => {
      const { state } = await info();
      return state.subjects["a.out"] >= 3 || undefined;
    });
    const { message } = await client.json("$JS.API.STREAM.MSG.GET.A", { last_by_subj: "a.out" });
    const lines = atob(message.hdrs).split("\r\n");
    assertEquals(lines[1], "Nats-Scheduler: a.tick");
    const next = Date.parse(lines[2]!.replace("Nats-Schedule-Next: ", ""));
    assertEquals(next % 1_000, 0, "it is due on the second");
    assert(next > Date.parse(message.time));
    await client.json("$JS.API.STREAM.PURGE.A", { filter: "a.tick" });
    const { state } = await info();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    assertEquals((await info()).state.last_seq, state.last_seq);
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream tells 2500 subjects and streams are listed page by page",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await client.json("$JS.API.STREAM.CREATE.A", {
      name: "A",
      subjects: ["a.>"],
      storage: "memory",
    });
    for (let i = 1; i < 2_500; i++) await client.publish(`a.${i % 50}.${i}`, { body: "x" });
    // what is acknowledged is stored, and all that came before
    await client.json("a.0.0", "x");
    const count = async (subjects_filter: string) => {
      const { state, total } = await client.json("$JS.API.STREAM.INFO.A", { subjects_filter });
      return [state.num_subjects, total, Object.keys(state.subjects).length];
    };
    assertEquals(await count(">"), [2_500, 2_500, 2_500]);
    assertEquals(await count("a.7.*"), [2_500, 50, 50]);
    for (let i = 0; i < 300; i++) {
      await client.json(`$JS.API.STREAM.CREATE.S${i}`, { name: `S${i}`, storage: "memory" });
    }
    const first = await client.json("$JS.API.STREAM.LIST");
    assertEquals([first.total, first.limit, first.streams.length], [301, 256, 256]);
    const rest = await client.json("$JS.API.STREAM.LIST", { offset: 256 });
    assertEquals([rest.offset, rest.streams.length], [256, 45]);
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream gives no more than 1024 last messages directly",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    const config = { name: "A", subjects: ["a.>"], storage: "memory", allow_direct: true };
    await client.json("$JS.API.STREAM.CREATE.A", config);
    for (let i = 1; i < 1_025; i++) await client.publish(`a.${i}`, { body: "x" });
    await client.json("a.0", "x");
    const ask = async (filter: string, answers: number) => {
      const body = JSON.stringify({ multi_last: [filter] });
      const frames = await client.ask("$JS.API.DIRECT.GET.A", { body }, answers);
      return [frames.length, frames.at(-1)!.headers.split("\r\n")[0]];
    };
    assertEquals(await ask("a.>", 1), [1, "NATS/1.0 413 Too Many Results"]);
    await client.json("$JS.API.STREAM.MSG.DELETE.A", { seq: 5 });
    assertEquals(await ask("a.>", 1_025), [1_025, "NATS/1.0 204 EOB"]);
  },
  { jetstream: true },
);

onEveryServer("EmbeddedServer: A stream has at most fifty batches under way", async (backend) => {
  await using client = await FrameClient.to(backend);
  const config = { name: "A", subjects: ["a"], storage: "memory", allow_atomic: true };
  await client.json("$JS.API.STREAM.CREATE.A", config);
  const begin = async (id: number) => {
    const headers = { "Nats-Batch-Id": `b${id}`, "Nats-Batch-Sequence": "1" };
    const [answer] = await client.ask("a", { headers, body: "x" });
    return answer!.body === "" ? "held" : JSON.parse(answer!.body).error.err_code;
  };
  for (let i = 0; i < 50; i++) assertEquals(await begin(i), "held");
  assertEquals(await begin(50), 10_210);
}, { jetstream: true });
