import { ConnectionError, NatsBroker } from "@signalbox/nats";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { register } from "../../../src/door/mod.ts";
import type { PubAck, StreamInfo } from "../../../src/jetstream/api/api_types.ts";
import {
  ConflictError,
  LimitError,
  NoStreamError,
  NotStoredError,
  UnknownOutcomeError,
} from "../../../src/jetstream/api/errors.ts";
import { JetStreamApi } from "../../../src/jetstream/api/js_api.ts";
import { publishStored } from "../../../src/jetstream/publish/publish_stored.ts";
import { type Backend, onEveryJetStream } from "../../support/backends.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";
import { until } from "../../support/nats_server/until.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const ORDERS = { name: "ORDERS", subjects: ["orders.>"], storage: "file" };

async function started(server: Pick<Backend, "broker">, config: object = ORDERS) {
  const broker = server.broker();
  const api = JetStreamApi.of(register(broker, { name: "test" }));
  await broker.start();
  await api.call("STREAM.CREATE.ORDERS", config);
  return { broker, api };
}

async function stored(api: JetStreamApi): Promise<number> {
  return (await api.call<StreamInfo>("STREAM.INFO.ORDERS")).state.messages;
}

onEveryJetStream("publishStored() resolves with what the stream says", async (server) => {
  const { api } = await started(server);
  assertEquals(await publishStored(api, "orders.1", bytes("a")), { stream: "ORDERS", seq: 1 });
  const { seq } = await publishStored(api, "orders.2", bytes("b"), { id: "x" });
  const again = await publishStored(api, "orders.3", bytes("c"), { id: "x" });
  assertEquals([seq, again.seq, again.duplicate], [2, 2, true]);
  const many = Array.from({ length: 10_000 }, () => publishStored(api, "orders.many", bytes("m")));
  const seqs = (await Promise.all(many)).map(({ seq }) => seq);
  assertEquals([new Set(seqs).size, await stored(api)], [10_000, 10_002]);
});

onEveryJetStream("publishStored() rejects with what the stream says", async (server) => {
  const { api } = await started(server, {
    ...ORDERS,
    max_msg_size: 200,
    max_msgs: 2,
    discard: "new",
  });
  const put = (body: string, headers: Record<string, string> = {}) =>
    publishStored(api, "orders.1", bytes(body), { headers });
  await put("a");
  await assertRejects(() => put("x".repeat(200)), LimitError);
  const expected = { "Nats-Expected-Last-Sequence": "7" };
  const conflict = await assertRejects(() => put("b", expected), ConflictError);
  assertEquals([conflict.errCode, conflict.lastSeq], [10_071, 1]);
  await put("c");
  await assertRejects(() => put("d"), LimitError);
  const nowhere = () => publishStored(api, "nowhere.1", bytes("x"), { timeout: "2s" });
  const { message, subject } = await assertRejects(nowhere, NoStreamError);
  assertEquals(subject, "nowhere.1");
  assertEquals(
    message,
    'Cannot publish to "nowhere.1" as a stream must take this subject: none has answered',
  );
  const endless = () => publishStored(api, "orders.1", bytes("x"), { timeout: "3m" });
  assertEquals(
    (await assertRejects(endless, RangeError)).message,
    'Cannot publish to "orders.1" as a stream must know the id for as long as it is sent again: ' +
      "a timeout of 180000 ms, a duplicate window of 120000 ms",
  );
});

onEveryJetStream("publishStored() takes no other answer for the stream's", async (server) => {
  const { api } = await started(server);
  const peer = server.broker();
  peer.subscriber("orders.{id}", () => ({ stream: "ORDERS", sequence: "forged" }));
  peer.subscriber("others.{id}", () => "hello");
  await peer.start();
  assertEquals(await publishStored(api, "orders.1", bytes("a")), { stream: "ORDERS", seq: 1 });
  const others = () => publishStored(api, "others.1", bytes("a"), { timeout: 1_500 });
  const { message, id } = await assertRejects(others, UnknownOutcomeError);
  assertEquals(
    [message, typeof id],
    [
      'Cannot publish to "others.1" as it must be answered within 1500 ms (1 others have answered)',
      "string",
    ],
  );
});

onEveryJetStream("publishStored() takes back what its signal ends", async (server) => {
  const { broker, api } = await started(server);
  const reason = new Error("enough");
  const controller = new AbortController();
  const waiting = publishStored(api, "none.1", bytes("a"), { signal: controller.signal });
  controller.abort(reason);
  assertEquals(await assertRejects(() => waiting), reason);
  const { signal } = controller;
  assertEquals(
    await assertRejects(() => publishStored(api, "orders.1", bytes("a"), { signal })),
    reason,
  );
  const late = publishStored(api, "none.1", bytes("a"));
  await broker.stop();
  assertInstanceOf(await assertRejects(() => late), NoStreamError);
  await assertRejects(() => publishStored(api, "orders.1", bytes("a")), ConnectionError);
  await broker.start();
  assertEquals((await publishStored(api, "orders.1", bytes("a"))).seq, 1);
});

onEveryJetStream(
  "publishStored() asks for its id where the stream refuses what may be stored already",
  async (server) => {
    const { broker, api } = await started(server);
    const peer = server.broker();
    const full = {
      error: { code: 503, err_code: 10_077, description: "maximum messages exceeded" },
    };
    const wrong = { error: { code: 500, err_code: 10_111, description: "rollup not permitted" } };
    const last: Record<string, unknown> = {
      there: { stream: "S", seq: 7, duplicate: true },
      gone: wrong,
      unknown: full,
    };
    const heard: Record<string, number> = {};
    // a stream as far as the publisher can see, which does not say that it has stored the first
    peer.subscriber("played.{what}", ({ params: { what } }) => {
      heard[what] = (heard[what] ?? 0) + 1;
      if (heard[what] === 1) return new Promise(() => {});
      return heard[what] === 2 ? full : last[what];
    });
    await peer.start();
    const put = (what: string) =>
      publishStored(api, `played.${what}`, bytes("x"), { timeout: "20s" });
    const [there] = await Promise.all([
      put("there"),
      assertRejects(() => put("gone"), LimitError),
      assertRejects(() => put("unknown"), UnknownOutcomeError),
    ]);
    assertEquals([there.seq, there.duplicate], [7, false]);
    assertEquals(heard, { there: 3, gone: 3, unknown: 3 });
    await peer.stop({ timeout: 0 });
    await broker.stop();
  },
);

Deno.test("publishStored() stores once what is published through killed servers", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  const broker = new NatsBroker(server.url, {
    logger: false,
    reconnect: { minDelay: 5, maxDelay: 20 },
  });
  const { api } = await started({ broker: () => broker });
  const acks: Promise<PubAck>[] = [];
  for (let outage = 0; outage < 5; outage++) {
    const publishing = (async () => {
      for (let i = 0; i < 300; i++) {
        acks.push(publishStored(api, `orders.${outage}`, bytes(`${i}`), { timeout: "30s" }));
        if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    await new Promise((resolve) => setTimeout(resolve, 5 + 7 * outage));
    await server.kill();
    await server.restart();
    await publishing;
  }
  const seqs = (await Promise.all(acks)).map(({ seq }) => seq);
  assertEquals(new Set(seqs).size, 1_500);
  assertEquals(await stored(api), 1_500);
  await broker.stop();
});

Deno.test("publishStored() that was given up in an outage is never stored", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  const broker = new NatsBroker(server.url, { logger: false, reconnect: { minDelay: 5 } });
  const { api } = await started({ broker: () => broker });
  await server.kill();
  await until("the broker notices", () => broker.state === "reconnecting");
  const early = () => publishStored(api, "orders.1", bytes("a"), { timeout: 50 });
  await assertRejects(early, NotStoredError);
  const late = publishStored(api, "orders.2", bytes("a"), { timeout: "20s" });
  await server.restart();
  assertEquals((await late).seq, 1);
  await server.suspend();
  const unsure = () => publishStored(api, "orders.3", bytes("a"), { timeout: 100, id: "mine" });
  assertEquals((await assertRejects(unsure, UnknownOutcomeError)).id, "mine");
  server.resume();
  await until("it is stored all the same", async () => await stored(api) === 2);
  await broker.stop();
});
