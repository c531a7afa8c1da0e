import { type BrokerEvent, ConnectionError, NatsBroker, TimeoutError } from "@signalbox/nats";
import { EmbeddedServer, TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Proxy } from "../support/proxy.ts";

onEveryServer(
  "NatsBroker.connect() is one connection, however often it is called",
  async (server) => {
    const broker = server.broker();
    const events = broker.events();
    await Promise.all([broker.connect(), broker.connect()]);
    await broker.connect();
    await broker.stop();
    const types: BrokerEvent["type"][] = [];
    for await (const { type } of events) types.push(type);
    assertEquals(types, ["connected", "stopping", "closed"]);
  },
);

onEveryServer("NatsBroker.ping() is a round trip in milliseconds", async (server) => {
  const broker = server.broker();
  await assertRejects(() => broker.ping(), ConnectionError, "call connect()");
  await broker.connect();
  const took = await broker.ping();
  assert(took > 0 && took < 4_000, `${took} ms`);
});

onEveryServer(
  "NatsBroker is stopped by `await using`, and stop() may come twice",
  async (server) => {
    const broker = server.broker();
    {
      await using using = broker;
      await using.connect();
    }
    await broker.stop();
    await Promise.all([broker.stop(), broker.stop()]);
    await assertRejects(() => broker.ping(), ConnectionError);
  },
);

onEveryServer(
  "NatsBroker takes bare addresses, several URLs and one with commas",
  async (server) => {
    const { host } = new URL(server.url.replace("nats:", "http:"));
    const refused = "nats://127.0.0.1:1";
    for (const servers of [host, [server.url], [refused, server.url], `${refused},${server.url}`]) {
      await using broker = new NatsBroker(servers, { logger: false });
      await broker.connect();
      await broker.ping();
    }
  },
);

const user = { user: "ada", password: "p@ss/word" };

onEveryServer(
  "NatsBroker.connect() honours credentials, in the URL or beside it",
  async (server) => {
    const inUrl = server.url.replace("//", `//${user.user}:${encodeURIComponent(user.password)}@`);
    for (const broker of [new NatsBroker(inUrl, { logger: false }), server.broker({ as: user })]) {
      await broker.connect();
      await broker.ping();
      await broker.stop();
    }
  },
  { users: [user] },
);

onEveryServer("NatsBroker.connect() fails at once on a wrong password", async (server) => {
  const broker = server.broker({ auth: { user: "ada", password: "guess" } });
  const began = performance.now();
  const error = await assertRejects(() => broker.connect(), ConnectionError);
  assertEquals(error.reason, "authorization");
  assertStringIncludes(error.message, "Authorization Violation");
  assert(performance.now() - began < 4_000);
}, { users: [user] });

Deno.test("NatsBroker.connect() fails at once where nobody listens", async () => {
  const broker = new NatsBroker("nats://127.0.0.1:1", { logger: false });
  const error = await assertRejects(() => broker.connect(), ConnectionError);
  assertEquals(error.reason, "refused");
  assertStringIncludes(
    error.message,
    "Cannot connect to 127.0.0.1:1 as a server must be reachable",
  );
  assert(error.cause instanceof Error);
});

Deno.test("NatsBroker.connect() fails within its time where a server never answers", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = silent.accept();
  const servers = `127.0.0.1:${silent.addr.port}`;
  const broker = new NatsBroker(servers, { connectTimeout: 200, logger: false });
  const began = performance.now();
  const error = await assertRejects(() => broker.connect(), ConnectionError);
  assertEquals(error.reason, "timeout");
  assert(performance.now() - began < 4_000);
  (await accepted).close();
  silent.close();
});

Deno.test("NatsBroker.connect() can be called again after it failed", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  await proxy.refuse();
  await using broker = new NatsBroker(proxy.url, { logger: false });
  await assertRejects(() => broker.connect(), ConnectionError);
  proxy.accept();
  await broker.connect();
  await broker.ping();
});

Deno.test("NatsBroker.ping() rejects at its timeout while the server is frozen", async () => {
  await using server = await NatsServer.start();
  await using broker = new NatsBroker(server.url, { logger: false });
  await broker.connect();
  await server.suspend();
  const error = await assertRejects(() => broker.ping({ timeout: 100 }), TimeoutError);
  assertEquals(error.timeout, 100);
  server.resume();
  await broker.ping();
});

Deno.test("NatsBroker never connects by itself", async () => {
  await using server = await NatsServer.start();
  const broker = new NatsBroker(server.url);
  broker.subscriber("a", () => {});
  await broker.newInbox();
  assertEquals((await server.monitor("/varz")).total_connections, 0);
});

Deno.test("NatsBroker.events() tells of lame duck mode, and the broker goes on", async () => {
  await using server = await NatsServer.start();
  await using broker = new NatsBroker(server.url, { logger: false });
  await broker.connect();
  const events = broker.events();
  await server.lameDuck();
  assertEquals((await events.next()).value?.type, "lameDuck");
  await broker.ping();
});

Deno.test("NatsBroker.events() ends with every stop, connected or not", async () => {
  const broker = new NatsBroker("nats://127.0.0.1:1", { logger: false });
  for (let round = 1; round <= 2; round++) {
    const events = broker.events();
    await broker.stop();
    const types: BrokerEvent["type"][] = [];
    for await (const { type } of events) types.push(type);
    assertEquals(types, ["closed"]);
  }
});

Deno.test("TestBroker.start() refuses a broker that is connected, and leaves it at work", async () => {
  await using production = await EmbeddedServer.start();
  await using broker = new NatsBroker(production.url, { logger: false });
  broker.subscriber("echo", ({ body }) => body);
  const starting = broker.start();
  for (const state of ["connecting", "connected"]) {
    const error = await assertRejects(() => TestBroker.start(broker), ConnectionError);
    assertEquals(error.reason, "connected", state);
    await starting;
  }
  assertEquals((await broker.request("echo", "still there")).body, "still there");
  await broker.stop();
  await using test = await TestBroker.start(broker);
  await assertRejects(() => TestBroker.start(broker), ConnectionError, "must not be connected");
  assertEquals((await broker.request("echo", "in memory")).body, "in memory");
  assertEquals(test.server instanceof EmbeddedServer, true);
});

Deno.test("NatsBroker logs each change of its connection once, and no message", async () => {
  await using server = await NatsServer.start();
  const lines: string[] = [];
  const note = (level: string) => (line: unknown) => void lines.push(`${level}: ${line}`);
  const logger = {
    debug: note("debug"),
    info: note("info"),
    warn: note("warn"),
    error: note("error"),
  };
  const broker = new NatsBroker(server.url, { logger, reconnect: { minDelay: 1, maxDelay: 1 } });
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  await using inbox = await broker.openInbox();
  for (let sent = 0; sent < 50; sent++) {
    await broker.request("echo", sent);
    await broker.publish(inbox.subject, sent);
  }
  await broker.flush();
  await server.kill();
  await server.restart();
  await broker.ping();
  await broker.stop();
  const told = lines.filter((line) => !line.startsWith("debug: Reconnecting"));
  const levels = told.map((line) => line.split(" ", 2).join(" "));
  assertEquals(levels, [
    "debug: Connected",
    "info: Started",
    "warn: Disconnected",
    "info: Connected",
    "info: Stopping",
    "debug: Closed",
  ]);
});
