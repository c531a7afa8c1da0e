import { NatsBroker, TimeoutError } from "@signalbox/nats";
import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { register } from "../../../src/door/mod.ts";
import type { StreamInfo } from "../../../src/jetstream/api/api_types.ts";
import {
  ConflictError,
  JetStreamError,
  LimitError,
  NotFoundError,
  UnavailableError,
} from "../../../src/jetstream/api/errors.ts";
import { JetStreamApi } from "../../../src/jetstream/api/js_api.ts";
import { type Backend, onEveryJetStream, onEveryServer } from "../../support/backends.ts";
import { NatsServer } from "../../support/nats_server/nats_server.ts";

/** A started broker, and the API as a door of it has it. */
async function started(server: Backend) {
  const broker = server.broker();
  const access = register(broker, { name: "test" });
  await broker.start();
  return { broker, access, api: JetStreamApi.of(access) };
}

const ORDERS = { name: "ORDERS", subjects: ["orders.>"], storage: "memory" };

onEveryJetStream("JetStreamApi.call() resolves with the JSON of the answer", async (server) => {
  const { api, access } = await started(server);
  const made = await api.call<StreamInfo>("STREAM.CREATE.ORDERS", ORDERS);
  assertEquals([made.config.name, made.state.messages], ["ORDERS", 0]);
  const { config } = await api.call<StreamInfo>("STREAM.INFO.ORDERS");
  assertEquals(config.subjects, ["orders.>"]);
  assertStrictEquals(JetStreamApi.of(access), api);
  assertEquals(JetStreamApi.of(access, "hub").prefix, "$JS.hub.API");
});

onEveryJetStream("JetStreamApi.call() rejects with the class of its number", async (server) => {
  const { api } = await started(server);
  const missing = await assertRejects(() => api.call("STREAM.INFO.NONE"), NotFoundError);
  assertEquals([missing.kind, missing.code, missing.errCode], ["stream", 404, 10_059]);
  assertEquals(
    missing.message,
    'Cannot ask about the stream "NONE" as the stream must exist: stream not found (10059)',
  );
  await api.call("STREAM.CREATE.ORDERS", ORDERS);
  const other = { ...ORDERS, max_msgs: 5 };
  await assertRejects(() => api.call("STREAM.CREATE.ORDERS", other), ConflictError);
  const broken = await assertRejects(() => api.call("STREAM.CREATE.X", { name: 5 }));
  assertInstanceOf(broken, JetStreamError);
  assertEquals(broken.errCode, 10_025);
  await api.call("STREAM.DELETE.ORDERS");
  await assertRejects(() => api.call("STREAM.DELETE.ORDERS"), NotFoundError);
});

onEveryJetStream("JetStreamApi.call() tells a limit of the server", async (server) => {
  const { api } = await started(server);
  const large = { ...ORDERS, max_bytes: 4_000_000 };
  await assertRejects(() => api.call("STREAM.CREATE.ORDERS", large), LimitError);
}, { jetstream: { maxMemory: 1_000_000 } });

onEveryServer(
  "JetStreamApi.call() says that there is no JetStream, once its time is over",
  async (server) => {
    const { api } = await started(server);
    const asked = () => api.call("INFO", undefined, { timeout: "2s" });
    const { message } = await assertRejects(asked, UnavailableError);
    assertEquals(
      message,
      'Cannot call "$JS.API.INFO" as JetStream must answer within 2000 ms: it is not there, or has no leader',
    );
  },
);

onEveryServer("JetStreamApi.call() refuses answers that are no JSON object", async (server) => {
  const { api } = await started(server);
  const peer = server.broker();
  const answers: Readonly<Record<string, string | Uint8Array>> = {
    text: "hello",
    list: "[1]",
    nothing: new Uint8Array(),
    bytes: new Uint8Array([0xff, 0xfe]),
    polluted: '{"__proto__":{"a":1},"b":{"\\u005f_proto__":{"a":1}}}',
    odd: '{"error":"no"}',
    mute: '{"ok":true}',
  };
  peer.subscriber("$JS.API.{kind}", { noReply: true }, ({ params, replyTo }) => {
    if (params.kind !== "mute") return peer.publish(replyTo!, answers[params.kind]);
  });
  await peer.start();
  const call = (kind: string, timeout = 10_000) =>
    api.call<Record<string, unknown>>(kind, undefined, { timeout });
  for (const kind of ["text", "list", "nothing", "bytes", "odd"]) {
    await assertRejects(() => call(kind), JetStreamError);
  }
  const { b, ...rest } = await call("polluted");
  assertEquals([rest, b, Object.keys(b as object)], [{}, {}, []]);
  await assertRejects(() => call("mute", 400), TimeoutError);
});

Deno.test("JetStreamApi.call() waits for a server that is killed and comes back", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  const broker = new NatsBroker(server.url, { logger: false, reconnect: { minDelay: 10 } });
  const api = JetStreamApi.of(register(broker, { name: "test" }));
  await broker.start();
  await api.call("STREAM.CREATE.ORDERS", { ...ORDERS, storage: "file" });
  await server.suspend();
  const calls = [0, 1, 2].map(() =>
    api.call<StreamInfo>("STREAM.INFO.ORDERS", undefined, { timeout: "20s" })
  );
  await server.kill();
  calls.push(api.call<StreamInfo>("STREAM.INFO.ORDERS", undefined, { timeout: "20s" }));
  await server.restart();
  for (const { config } of await Promise.all(calls)) assertEquals(config.name, "ORDERS");
  await broker.stop();
});
