import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { EmbeddedServer } from "../../src/testing/server/embedded_server.ts";
import { RawClient } from "./embedded/raw_client.ts";

Deno.test("EmbeddedServer.start() listens on loopback, on a port that the system picks", async () => {
  await using one = await EmbeddedServer.start();
  await using other = await EmbeddedServer.start();
  assert(one.port > 0 && one.port !== other.port);
  assertEquals(one.url, `nats://127.0.0.1:${one.port}`);
  assertEquals(one.webSocketUrl, undefined);
});

Deno.test("EmbeddedServer.start() rejects where it cannot listen", async () => {
  await using one = await EmbeddedServer.start();
  await assertRejects(() => EmbeddedServer.start({ port: one.port }), Deno.errors.AddrInUse);
  await assertRejects(() => EmbeddedServer.start({ port: -1 }), RangeError, "port");
});

Deno.test("EmbeddedServer leaves no listener behind where its second port is taken", async () => {
  await using taken = await EmbeddedServer.start();
  const webSocket = { port: taken.port };
  await assertRejects(() => EmbeddedServer.start({ webSocket }), Deno.errors.AddrInUse);
});

Deno.test("EmbeddedServer without a listener has no address to tell", async () => {
  await using server = await EmbeddedServer.start({ listen: false });
  assertThrows(() => server.url, TypeError, "Cannot give an address as the server must listen");
  assertThrows(() => server.port, TypeError);
});

Deno.test("EmbeddedServer.stop() frees the port at once, with clients connected", async () => {
  let port = 0;
  for (let i = 0; i < 5; i++) {
    await using server = await EmbeddedServer.start({ port });
    port = server.port;
    await using client = await RawClient.greet(port);
    await client.ask("SUB a 1\r\n");
    await server.stop();
    await client.untilClosed();
  }
});

Deno.test("EmbeddedServer.stop() may be called again, and leaves nothing of a greeting", async () => {
  const server = await EmbeddedServer.start({ token: "x", webSocket: true });
  await using silent = await RawClient.connect(server.port);
  await silent.until("\r\n");
  await using refused = await RawClient.connect(server.port);
  await refused.say("X");
  await refused.untilClosed();
  await Promise.all([server.stop(), server.stop()]);
  await server.stop();
});

Deno.test("EmbeddedServer.disconnect() cuts connections and goes on listening", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port);
  await client.ask("SUB a 1\r\n");
  server.disconnect();
  await client.untilClosed();
  assertEquals(server.stats().subscriptions, 0);
  await using again = await RawClient.greet(server.port);
  await again.ask("");
});

Deno.test("EmbeddedServer.pause() turns everyone away until resume()", async () => {
  await using server = await EmbeddedServer.start();
  server.pause();
  await using refused = await RawClient.connect(server.port);
  assertEquals(await refused.untilClosed(), "");
  server.resume();
  await using client = await RawClient.greet(server.port);
  await client.ask("");
});

Deno.test("EmbeddedServer.lameDuck() tells clients and goes on", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port, { protocol: 1 });
  await client.ask("");
  await client.until("\r\n");
  server.lameDuck();
  assertEquals(JSON.parse((await client.until("\r\n")).slice(5)).ldm, true);
  assertEquals(await client.ask("SUB a 1\r\nPUB a 1\r\nx\r\n"), "MSG a 1 1\r\nx\r\n");
});

Deno.test("EmbeddedServer.stats() counts", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port);
  await client.ask("SUB a 1\r\nSUB > 2\r\nPUB a 3\r\nabc\r\nPUB b 2\r\nab\r\n");
  assertEquals(server.stats(), {
    connections: 1,
    subscriptions: 2,
    messagesIn: 2,
    bytesIn: 5,
    messagesOut: 3,
    bytesOut: 8,
    slowConsumers: 0,
  });
});

async function runs(program: string): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, program);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-lock", "--quiet", path],
    }).output();
    const decoder = new TextDecoder();
    assertEquals(code, 0, decoder.decode(stderr));
    return decoder.decode(stdout);
  } finally {
    await Deno.remove(path);
  }
}

const MODULE = new URL("../../src/testing/server/embedded_server.ts", import.meta.url);

Deno.test("EmbeddedServer in memory needs no permission and keeps no program alive", async () => {
  const heard = await runs(`
    import { EmbeddedServer } from "${MODULE}";
    const server = await EmbeddedServer.start({ listen: false });
    const socket = server.socket();
    socket.onmessage = async ({ data }) => {
      const text = await data.text();
      if (text.startsWith("INFO")) socket.send("CONNECT {}\\r\\nPING\\r\\n");
      else console.log(text.trim());
    };
  `);
  assertEquals(heard, "+OK\r\nPONG\n");
});

Deno.test("EmbeddedServer in memory serves a client that has no permission", async () => {
  const heard = await runs(`
    import { wsconnect } from "jsr:@nats-io/transport-deno@^3.4.0";
    import { EmbeddedServer } from "${MODULE}";
    const server = await EmbeddedServer.start({ listen: false });
    const connection = await wsconnect({
      servers: "ws://memory",
      wsFactory: () => Promise.resolve({ socket: server.socket(), encrypted: false }),
    });
    connection.subscribe("a", { callback: (_error, message) => message.respond("yes") });
    console.log((await connection.request("a", "", { timeout: 10_000 })).string());
    await connection.close();
  `);
  assertEquals(heard, "yes\n");
});
