import { NatsBroker, PayloadTooLargeError, TimeoutError } from "@signalbox/nats";
import {
  ConflictError,
  jetstream,
  JetStreamError,
  LimitError,
  NoStreamError,
  stream,
  UnavailableError,
  UnknownOutcomeError,
} from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { onEveryJetStream, onEveryServer } from "../support/backends.ts";
import { FrameClient } from "../support/jetstream/frame_client.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const made = (name: string, options: object = {}) =>
  stream(name, { subjects: [`${name.toLowerCase()}.>`], declare: "create", ...options });

onEveryServer(
  "JetStream where the server has none: start() says so, and so does publish()",
  async (server) => {
    const broker = server.broker();
    const js = jetstream(broker);
    await broker.start();
    await assertRejects(() => js.publish("a.1", 1, { timeout: "2s" }), NoStreamError);
    const declaring = server.broker();
    jetstream(declaring, { streams: [made("A")] });
    const { message } = await assertRejects(() => declaring.start(), UnavailableError);
    assert(message.includes("JetStream must answer within 5000 ms"), message);
  },
);

Deno.test("JetStream where the account has none: start() says so", async () => {
  const config = `jetstream: { store_dir: "streams" }
    accounts: { A: { users: [ { user: a, password: a } ] }
      B: { jetstream: { max_streams: 1 }, users: [ { user: b, password: b } ] } }`;
  await using server = await NatsServer.start({ config });
  const brokerOf = (user: string) =>
    new NatsBroker(server.url, { auth: { user, password: user }, logger: false });
  await using none = brokerOf("a");
  jetstream(none, { streams: [made("A")] });
  const { errCode } = await assertRejects(() => none.start(), UnavailableError);
  assertEquals(errCode, 10_039);
  await using one = brokerOf("b");
  jetstream(one, { streams: [made("A")] });
  await one.start();
  await using two = brokerOf("b");
  jetstream(two, { streams: [made("B")] });
  assertEquals((await assertRejects(() => two.start(), LimitError)).errCode, 10_027);
});

onEveryJetStream(
  "JetStream.publish() tells that all storage is taken, and goes on once there is room",
  async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, { streams: [made("A", { storage: "memory" })] });
    await broker.start();
    const body = "x".repeat(50_000);
    const filling = async () => {
      for (let i = 0; i < 100; i++) await js.publish("a.1", body);
    };
    const error = await assertRejects(filling, LimitError);
    assertEquals(error.errCode, 10_023);
    await using client = await FrameClient.to(server);
    await client.json("$JS.API.STREAM.PURGE.A");
    assert((await js.publish("a.1", body)).seq > 1);
  },
  { jetstream: { maxMemory: 1_000_000 } },
);

onEveryJetStream(
  "JetStream.publish() refuses a body over the limit of the server",
  async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, { streams: [made("A", { allowAtomic: true })] });
    await broker.start();
    const large = new Uint8Array(5_000);
    const error = await assertRejects(() => js.publish("a.1", large), PayloadTooLargeError);
    assertEquals(error.limit, 4_096);
    await assertRejects(() => js.batch([["a.1", 1], ["a.2", large]]), PayloadTooLargeError);
    assertEquals((await js.publish("a.1", 1)).seq, 1);
  },
  { maxPayload: 4_096, since: "2.12" },
);

onEveryJetStream(
  "JetStream.publish() goes on where a stream was deleted and made again",
  async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, { streams: [made("A")] });
    await broker.start();
    await js.publish("a.1", 1, { id: "x" });
    await using client = await FrameClient.to(server);
    await client.json("$JS.API.STREAM.DELETE.A");
    await assertRejects(() => js.publish("a.1", 1, { timeout: "2s" }), NoStreamError);
    const waiting = js.publish("a.1", 1, { id: "x" });
    const { config } = await client.json("$JS.API.STREAM.CREATE.A", {
      name: "A",
      subjects: ["a.>"],
    });
    assertEquals(config.name, "A");
    assertEquals(await waiting, { stream: "A", seq: 1, duplicate: false, domain: undefined });
  },
);

onEveryJetStream("jetstream(): streams whose subjects overlap do not start", async (server) => {
  const broker = server.broker();
  jetstream(broker, { streams: [made("A"), made("B", { subjects: ["a.b"] })] });
  const { errCode } = await assertRejects(() => broker.start(), ConflictError);
  assertEquals(errCode, 10_065);
});

onEveryServer(
  "JetStream takes no answer for the API's that is none, and holds nothing of it",
  async (server) => {
    const peer = server.broker();
    const answers = [
      "no JSON",
      "[]",
      '{"error":{"code":"x","err_code":{},"description":5}}',
      '{"config":{"__proto__":{"polluted":true}}}',
      new Uint8Array(40_000_000),
    ];
    peer.subscriber("$JS.API.STREAM.INFO.{at}", ({ params }) => answers[Number(params.at)]);
    await peer.start();
    for (const at of answers.keys()) {
      const broker = server.broker();
      jetstream(broker, { streams: [stream(String(at), { maxMsgs: 5 })] });
      const error = await assertRejects(() => broker.start());
      assertInstanceOf(error, JetStreamError);
    }
    assertEquals("polluted" in {}, false);
  },
  { maxPayload: 64_000_000 },
);

onEveryServer("JetStream.publish() takes no answer of a peer for the stream's", async (server) => {
  const peer = server.broker();
  let asked = 0;
  const answers = ["", "{}", '{"stream":5,"seq":1}', '{"stream":"A","seq":-1}', '{"error":"no"}'];
  peer.subscriber("a.{at}", ({ params }) => {
    asked++;
    return answers[Number(params.at)];
  });
  await peer.start();
  const broker = server.broker();
  const js = jetstream(broker);
  await broker.start();
  for (const at of answers.keys()) {
    await assertRejects(() => js.publish(`a.${at}`, 1, { timeout: 100 }), UnknownOutcomeError);
  }
  await until("all must be asked", () => asked >= answers.length);
  assertEquals(asked, answers.length);
});

onEveryJetStream(
  "JetStream.publish(): an async schema takes a part of the time, and no more",
  async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, { streams: [made("A")] });
    await broker.start();
    const validate = (value: unknown) =>
      new Promise<{ value: unknown }>((resolve) => value !== "never" && resolve({ value }));
    const schema = { "~standard": { version: 1 as const, vendor: "test", validate } };
    assertEquals((await js.publish("a.1", "soon", { schema })).seq, 1);
    await assertRejects(() => js.publish("a.1", "never", { schema, timeout: 100 }), TimeoutError);
  },
);

Deno.test("JetStream.publish() reports what nobody awaits, in an outage that is too long", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  await using broker = new NatsBroker(server.url, { logger: false });
  const js = jetstream(broker, { streams: [made("A")] });
  await broker.start();
  const seen = recorded(broker);
  await server.kill();
  await until("the broker notices", () => broker.state === "reconnecting");
  for (let i = 0; i < 10_000; i++) js.publish("a.1", i, { timeout: 100 });
  await until("all were given up", () => errorsIn(seen).length >= 1_000);
  assertEquals(new Set(errorsIn(seen).map(({ name }) => name)), new Set(["NotStoredError"]));
  await until("none waits", () => broker.stats().doors[0]!.counts.pending === 0);
  assertEquals(broker.stats().doors[0]!.counts.failed, 10_000);
});
