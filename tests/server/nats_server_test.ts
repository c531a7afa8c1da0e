import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { RawClient } from "../support/nats_server/raw_client.ts";

const connect = `CONNECT {"verbose":false}\r\nPING\r\n`;

/** A port that a server has just had to itself. */
async function freePort(): Promise<number> {
  await using server = await NatsServer.start();
  return server.port;
}

Deno.test("NatsServer.start() picks a free port and answers PING", async () => {
  await using server = await NatsServer.start();
  using client = await RawClient.connect(server.port);
  assertEquals((await client.info()).port, server.port);
  await client.send(connect);
  assertEquals(await client.line(), "PONG");
});

Deno.test("NatsServer.start() listens on the port it is told", async () => {
  const port = await freePort();
  await using server = await NatsServer.start({ port });
  assertEquals(server.url, `nats://127.0.0.1:${port}`);
  using client = await RawClient.connect(port);
  assertEquals((await client.info()).port, port);
});

Deno.test("NatsServer.start() takes WebSocket clients when asked to", async () => {
  await using server = await NatsServer.start({ webSocket: true });
  const socket = new WebSocket(server.webSocketUrl);
  socket.binaryType = "arraybuffer";
  const first = await new Promise<MessageEvent>((resolve, reject) => {
    socket.onmessage = resolve;
    socket.onerror = reject;
  });
  assertMatch(new TextDecoder().decode(first.data), /^INFO /);
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
});

Deno.test("NatsServer.webSocketUrl is refused without a WebSocket listener", async () => {
  await using server = await NatsServer.start();
  assertThrows(() => server.webSocketUrl, Error, "Cannot give a WebSocket URL");
});

Deno.test("NatsServer.start() adds configuration in the server's own syntax", async () => {
  await using server = await NatsServer.start({
    config: `max_payload: 2048, authorization { user: "a", password: "b" }`,
  });
  using client = await RawClient.connect(server.port);
  const info = await client.info();
  assertEquals([info.max_payload, info.auth_required], [2048, true]);
});

Deno.test("NatsServer.start() says what is wrong with a configuration", async () => {
  await assertRejects(
    () => NatsServer.start({ config: `max_payload: "much"` }),
    Error,
    "as its configuration must be valid and its ports free: nats-server: server.conf:",
  );
});

Deno.test("NatsServer.start() says that a port is taken", async () => {
  await using server = await NatsServer.start();
  await assertRejects(
    () => NatsServer.start({ port: server.port }),
    Error,
    "address already in use",
  );
});

Deno.test("NatsServer.monitor() reads the monitoring endpoint", async () => {
  await using server = await NatsServer.start();
  const { version, port } = await server.monitor("/varz");
  assertEquals({ version, port }, { version: server.version, port: server.port });
});

Deno.test("NatsServer.log() is what the server has logged", async () => {
  await using server = await NatsServer.start();
  assertMatch(await server.log(), /Server is ready/);
});

Deno.test("NatsServer.kill() ends the connections, and restart() finds the same ports", async () => {
  await using server = await NatsServer.start({ webSocket: true });
  const before = [server.url, server.webSocketUrl];
  using client = await RawClient.connect(server.port);
  await client.info();
  await server.kill();
  assertEquals(await client.line(), undefined);
  await assertRejects(() => RawClient.connect(server.port), Deno.errors.ConnectionRefused);
  await server.restart();
  assertEquals([server.url, server.webSocketUrl], before);
  using again = await RawClient.connect(server.port);
  await again.send(connect);
  await again.info();
  assertEquals(await again.line(), "PONG");
});

Deno.test("NatsServer.stop() lets the server say goodbye to itself", async () => {
  await using server = await NatsServer.start();
  await server.stop();
  assertMatch(await server.log(), /Server Exiting/);
});

Deno.test("NatsServer.suspend() leaves a client unanswered until resume()", async () => {
  await using server = await NatsServer.start();
  using client = await RawClient.connect(server.port);
  await client.info();
  await server.suspend();
  await client.send(connect);
  let answered = false;
  const answer = client.line().finally(() => answered = true);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assertEquals(answered, false);
  server.resume();
  assertEquals(await answer, "PONG");
});

Deno.test("NatsServer.stop() ends a suspended server", async () => {
  await using server = await NatsServer.start();
  await server.suspend();
  await server.stop();
  await assertRejects(() => RawClient.connect(server.port), Deno.errors.ConnectionRefused);
});

Deno.test("NatsServer.lameDuck() tells the clients to leave", async () => {
  await using server = await NatsServer.start();
  using client = await RawClient.connect(server.port);
  await client.info();
  await client.send(`CONNECT {"verbose":false,"protocol":1}\r\nPING\r\n`);
  while (await client.line() !== "PONG");
  await server.lameDuck();
  while (!(await client.info()).ldm);
});

Deno.test("NatsServer.reload() puts other configuration in force", async () => {
  await using server = await NatsServer.start({ config: "max_payload: 1024" });
  await server.reload("max_payload: 2048");
  using client = await RawClient.connect(server.port);
  assertEquals((await client.info()).max_payload, 2048);
});

Deno.test("NatsServer.reload() says what is wrong with a configuration", async () => {
  await using server = await NatsServer.start();
  await assertRejects(() => server.reload("max_payload: {"), Error, "Cannot reload nats-server");
});
