import { assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { type Backend, onEveryServer } from "../../support/backends.ts";
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
  "EmbeddedServer: A stream copies many messages in order while more arrive",
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
  "EmbeddedServer: A stream goes on copying once there is memory again",
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

Deno.test("EmbeddedServer: A stream that copies itself in a circle leaves time for other requests, and an update ends it", async () => {
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

Deno.test("EmbeddedServer: A mirror reports a gap of more than a million sequences, and goes on after a purge", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await FrameClient.to(server);
  await create(client, "A", { subjects: ["a"] });
  await create(client, "B", { mirror: { name: "A" } });
  await client.json("a", "1");
  await client.json("$JS.API.STREAM.PURGE.A", { seq: 5_000_000 });
  await client.json("a", "2");
  const mirror = async () => (await client.json("$JS.API.STREAM.INFO.B")).mirror;
  await until("the error", async () => (await mirror()).error?.err_code === 10_052);
  assertEquals(await sizeOf(client, "B"), 1);
  await client.json("$JS.API.STREAM.PURGE.B");
  await until("the copy", async () => await sizeOf(client, "B") === 1);
  assertEquals((await mirror()).error, undefined);
  const { message } = await client.json("$JS.API.STREAM.MSG.GET.B", { seq: 5_000_000 });
  assertEquals(message.data, btoa("2"));
  const beyond = { name: "C", mirror: { name: "A", opt_start_seq: Number.MAX_SAFE_INTEGER } };
  assertEquals((await client.json("$JS.API.STREAM.CREATE.C", beyond)).error.err_code, 10_052);
});

const PARTITIONS = [0, 1, 2];

/** A client that requests the messages of all partitions, and acknowledges them as they come. */
class Worker implements AsyncDisposable {
  readonly #client: FrameClient;
  readonly #sid: string;
  /** The subjects and bodies of the messages, in order. */
  readonly heard: [subject: string, body: number][] = [];

  private constructor(client: FrameClient, sid: string) {
    this.#client = client;
    this.#sid = sid;
  }

  static async start(backend: Backend): Promise<Worker> {
    const client = await FrameClient.to(backend);
    const inbox = `worker.${crypto.randomUUID()}`;
    const worker = new Worker(client, await client.subscribe(inbox));
    const body = JSON.stringify({ group: "g", batch: 1_000, expires: 30_000_000_000 });
    for (const n of PARTITIONS) {
      await client.publish(`$JS.API.CONSUMER.MSG.NEXT.B.p${n}`, { body, reply: inbox });
    }
    await client.flush();
    return worker;
  }

  /** Takes the messages that have come. */
  async work(): Promise<void> {
    const frames = await this.#client.take(({ sid }) => sid === this.#sid, 1_000, 50);
    for (const { subject, body, reply } of frames.filter((frame) => frame.body !== "")) {
      this.heard.push([subject, Number(body)]);
      await this.#client.publish(reply);
    }
    await this.#client.flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}

onEveryServer(
  "EmbeddedServer: Each partition of a copied stream goes to one client, and to another one once that is gone",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    await create(client, "A", { subjects: ["a.*"] });
    const dest = `p.{{partition(${PARTITIONS.length},1)}}.$1`;
    const sources = [{ name: "A", subject_transforms: [{ src: "a.*", dest }] }];
    await create(client, "B", { sources, retention: "workqueue" });
    for (const n of PARTITIONS) {
      const config = {
        durable_name: `p${n}`,
        ack_policy: "explicit",
        filter_subject: `p.${n}.*`,
        priority_policy: "pinned_client",
        priority_groups: ["g"],
        // a busy machine must not let go of a client that is there
        priority_timeout: 3_000_000_000,
      };
      const subject = `$JS.API.CONSUMER.CREATE.B.p${n}`;
      const { error } = await client.json(subject, { stream_name: "B", config });
      assertEquals(error, undefined);
    }
    const publish = async (from: number) => {
      for (let i = from; i < from + 300; i++) {
        await client.publish(`a.k${i % 30}`, { body: String(i) });
      }
      await client.flush();
    };
    const isEmpty = async () => await sizeOf(client, "B") === 0;
    await using second = await (async () => {
      await using first = await Worker.start(backend);
      const second = await Worker.start(backend);
      await publish(0);
      await until("the work", async () => {
        await Promise.all([first.work(), second.work()]);
        return first.heard.length + second.heard.length === 300 && await isEmpty();
      });
      // this client requested the messages first
      assertEquals(second.heard, []);
      assertEquals(inOrder(first.heard), true);
      return second;
    })();
    await until("unpinned", async () => {
      const infos = PARTITIONS.map((n) => client.json(`$JS.API.CONSUMER.INFO.B.p${n}`));
      return (await Promise.all(infos)).every((info) =>
        !info.priority_groups?.[0]?.pinned_client_id
      );
    });
    await publish(300);
    await until("the rest", async () => {
      await second.work();
      return await isEmpty() && new Set(second.heard.map(([, body]) => body)).size >= 300;
    });
    assertEquals(inOrder(second.heard), true);
    assertEquals(await sizeOf(client, "A"), 600);
  },
  { jetstream: true },
);

/** Whether the messages of each subject came in their order. */
function inOrder(heard: readonly (readonly [subject: string, body: number])[]): boolean {
  const last = new Map<string, number>();
  return heard.every(([subject, body]) => {
    const isNext = body > (last.get(subject) ?? -1);
    last.set(subject, body);
    return isNext;
  });
}
