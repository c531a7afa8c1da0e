import { assert, assertEquals } from "@std/assert";
import { EmbeddedServer } from "../../src/testing/server/embedded_server.ts";
import { delay } from "./embedded/delay.ts";
import { RawClient } from "./embedded/raw_client.ts";

async function eventually(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await delay(10);
  assert(holds());
}

/** Connects, subscribes to everything and never reads. */
async function deaf(port: number): Promise<Deno.TcpConn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode('CONNECT {"verbose":false}\r\nSUB > 1\r\n'));
  return conn;
}

Deno.test("EmbeddedServer drops a slow consumer and serves the others", async () => {
  await using server = await EmbeddedServer.start({ maxPending: 1_100_000, maxPayload: 1_000_000 });
  using _deaf = await deaf(server.port);
  await eventually(() => server.stats().subscriptions === 1);
  await using publisher = await RawClient.greet(server.port);
  const message = `PUB a 500000\r\n${"x".repeat(500_000)}\r\n`;
  for (let i = 0; i < 100 && server.stats().slowConsumers === 0; i++) await publisher.ask(message);
  assertEquals(server.stats().slowConsumers, 1);
  assertEquals(server.stats().connections, 1);
  assertEquals(await publisher.ask("SUB b 1\r\nPUB b 1\r\nx\r\n"), "MSG b 1 1\r\nx\r\n");
});

Deno.test("EmbeddedServer drops a client that floods it with PING and never reads", async () => {
  await using server = await EmbeddedServer.start({ maxPending: 100_000, maxPayload: 100_000 });
  using conn = await deaf(server.port);
  const pings = new TextEncoder().encode("PING\r\n".repeat(100_000));
  try {
    for (let i = 0; i < 100 && server.stats().slowConsumers === 0; i++) {
      for (let at = 0; at < pings.length;) at += await conn.write(pings.subarray(at));
    }
  } catch {
    // Closed by the server, as hoped for.
  }
  await eventually(() => server.stats().slowConsumers === 1);
});

Deno.test("EmbeddedServer drops a client that does not answer PING", async () => {
  await using server = await EmbeddedServer.start({ pingInterval: 20 });
  await using client = await RawClient.greet(server.port);
  assertEquals(await client.allUntilClosed(), "PING\r\nPING\r\n-ERR 'Stale Connection'\r\n");
});

Deno.test("EmbeddedServer keeps a client that answers PING", async () => {
  // long enough for an answer to be read on a busy machine, before the third PING would be due
  await using server = await EmbeddedServer.start({ pingInterval: 300 });
  await using client = await RawClient.greet(server.port);
  for (let i = 0; i < 3; i++) {
    await client.until("PING\r\n");
    await client.say("PONG\r\n");
  }
  assertEquals(await client.ask(""), "");
});

Deno.test("EmbeddedServer bounds the connections", async () => {
  await using server = await EmbeddedServer.start({ maxConnections: 1 });
  await using first = await RawClient.greet(server.port);
  await first.ask("");
  await using second = await RawClient.connect(server.port);
  await second.until("\r\n");
  assertEquals(await second.untilClosed(), "-ERR 'maximum connections exceeded'\r\n");
  assertEquals(await first.ask(""), "");
  assertEquals(server.stats().connections, 1);
});

Deno.test("EmbeddedServer bounds the subscriptions of a client", async () => {
  await using server = await EmbeddedServer.start({ maxSubscriptions: 2 });
  await using client = await RawClient.greet(server.port);
  assertEquals(
    await client.ask("SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nUNSUB 1\r\nSUB c 4\r\n"),
    "-ERR 'maximum subscriptions exceeded'\r\n",
  );
  assertEquals(server.stats().subscriptions, 2);
});

Deno.test("EmbeddedServer forgets all of a client that is gone", async () => {
  await using server = await EmbeddedServer.start();
  {
    await using client = await RawClient.greet(server.port);
    await client.ask("SUB a 1\r\nSUB b q 2\r\nSUB c.> 3\r\n");
    assertEquals(server.stats().subscriptions, 3);
    await client.say("PUB x 1000\r\nhalf a payload");
  }
  await eventually(() => server.stats().connections === 0);
  assertEquals(server.stats().subscriptions, 0);
});

Deno.test("EmbeddedServer has the reason arrive before it closes", async () => {
  await using server = await EmbeddedServer.start();
  await using client = await RawClient.greet(server.port);
  await client.say(`PUB a 3000000\r\n${"x".repeat(3_000_000)}\r\n`).catch(() => {});
  assertEquals(await client.untilClosed(), "-ERR 'Maximum Payload Violation'\r\n");
});

Deno.test("EmbeddedServer survives random bytes", async () => {
  await using server = await EmbeddedServer.start();
  for (let i = 0; i < 50; i++) {
    await using client = await RawClient.connect(server.port);
    const bytes = crypto.getRandomValues(new Uint8Array(1000));
    await client.say("PUB a 3\r\n" + String.fromCharCode(...bytes)).catch(() => {});
    await client.untilClosed();
  }
  await using client = await RawClient.greet(server.port);
  assertEquals(await client.ask("SUB a 1\r\nPUB a 1\r\nx\r\n"), "MSG a 1 1\r\nx\r\n");
});
