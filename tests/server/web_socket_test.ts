import { ConnectionError, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Authority } from "../support/certificates.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { meanwhile, steady } from "../support/within.ts";

const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;
const HOST = "127.0.0.1";

/** A server for WebSockets under TLS; its `webSocketUrl` is told with another scheme. */
async function secureServer(authority: Authority, ...hosts: string[]): Promise<NatsServer> {
  const tls = await authority.serverBlock(...hosts);
  return await NatsServer.start({ webSocket: { tls } });
}

Deno.test("NatsBroker.connect() over ws:// is let in with the right password, and with no other", async () => {
  const config = `authorization { user: ada, password: "s3cr3t" }`;
  await using server = await NatsServer.start({ webSocket: true, config });
  await using broker = new NatsBroker(server.webSocketUrl, {
    ...options,
    auth: () => Promise.resolve({ user: "ada", password: "s3cr3t" }),
  });
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  await server.kill();
  await server.restart();
  assertEquals((await broker.request("echo", "back")).body, "back");
  const stranger = new NatsBroker(server.webSocketUrl, {
    ...options,
    auth: { user: "ada", password: "x" },
  });
  const error = await assertRejects(() => stranger.connect(), ConnectionError);
  assertEquals(error.reason, "authorization");
});

Deno.test("NatsBroker.connect() over wss:// trusts the authority of `caFile`, and comes back", async () => {
  await using authority = await Authority.create();
  await using server = await secureServer(authority, HOST);
  const tls = { caFile: authority.caFile };
  await using broker = new NatsBroker(server.webSocketUrl, { ...options, tls });
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  assertEquals((await broker.request("echo", "there")).body, "there");
  await server.kill();
  await server.restart();
  assertEquals((await broker.request("echo", "back")).body, "back");
});

Deno.test("NatsBroker.connect() over wss:// fails at once on a certificate that it does not trust", async () => {
  await using authority = await Authority.create();
  await using stranger = await Authority.create("Somebody else");
  await using server = await secureServer(authority, HOST);
  await using elsewhere = await secureServer(authority, "nats.example.com");
  const cases = [
    [server, undefined],
    [server, { caFile: stranger.caFile }],
    [elsewhere, { caFile: authority.caFile }],
  ] as const;
  for (const [{ webSocketUrl }, tls] of cases) {
    const given = { ...options, waitOnFirstConnect: true, ...(tls && { tls }) };
    await using broker = new NatsBroker(webSocketUrl, given);
    const error = await assertRejects(() => broker.connect(), ConnectionError);
    assertEquals(error.reason, "tls", error.message);
  }
});

Deno.test("NatsBroker.connect() over wss:// says that it cannot read `caFile`", async () => {
  const tls = { caFile: "/nowhere/ca.pem" };
  await using broker = new NatsBroker(`wss://${HOST}:1`, { ...options, tls });
  const error = await assertRejects(() => broker.connect(), ConnectionError);
  assertEquals(error.reason, "tls");
  assertStringIncludes(error.message, "No such file");
});

for (const scheme of ["ws", "wss"]) {
  Deno.test(`NatsBroker.connect() over ${scheme}:// fails within its time where a server never answers`, async () => {
    using silent = Deno.listen({ hostname: HOST, port: 0 });
    const accepted = silent.accept();
    const url = `${scheme}://${HOST}:${silent.addr.port}`;
    await using broker = new NatsBroker(url, { ...options, connectTimeout: 200 });
    const began = performance.now();
    const connecting = assertRejects(() => broker.connect(), ConnectionError);
    const socket = await accepted;
    const error = await connecting;
    assertEquals(error.reason, "timeout");
    assert(performance.now() - began < 4_000);
    socket.close();
  });
}

Deno.test("NatsBroker.publish() over ws:// waits while the server takes nothing", async () => {
  await using server = await NatsServer.start({ webSocket: true });
  await using broker = new NatsBroker(server.webSocketUrl, options);
  await broker.connect();
  await server.suspend();
  const body = "x".repeat(10_000);
  let sent = 0;
  const all = meanwhile(async () => {
    for (; sent < 3_000; sent++) await broker.publish("nobody", body);
  });
  const stood = await steady(() => sent);
  assert(stood < 3_000, "all of it was taken");
  server.resume();
  await all;
  await broker.flush();
});
