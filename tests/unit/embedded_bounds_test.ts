import { assert, assertEquals } from "@std/assert";
import { platformClock } from "../../src/clock.ts";
import { Backlog } from "../../src/testing/server/backlog.ts";
import { EmbeddedServer } from "../../src/testing/server/embedded_server.ts";
import { Exchange, type Subscription } from "../../src/testing/server/exchange.ts";
import { Permissions } from "../../src/testing/server/permissions.ts";
import { usedMemory } from "../support/memory.ts";
import { until } from "../support/nats_server/until.ts";
import { delay } from "./embedded/delay.ts";
import { RawClient } from "./embedded/raw_client.ts";

const MIB = 2 ** 20;

Deno.test("Backlog.note() drops whoever has most once all have too much together", () => {
  const backlog = new Backlog(10 * MIB);
  const lost: string[] = [];
  const debtor = (name: string) => {
    const one = {
      lose() {
        lost.push(name);
        backlog.note(one, 0);
      },
    };
    return one;
  };
  const [small, large, last] = [debtor("small"), debtor("large"), debtor("last")];
  backlog.note(small, 3 * MIB);
  backlog.note(large, 5 * MIB);
  backlog.note(small, 4 * MIB);
  backlog.note(last, MIB);
  assertEquals(lost, []);
  backlog.note(last, 2 * MIB);
  assertEquals(lost, ["large"]);
  backlog.note(small, 0);
  backlog.note(last, 10 * MIB);
  assertEquals(lost, ["large"]);
  backlog.note(last, 11 * MIB);
  assertEquals(lost, ["large", "last"]);
});

Deno.test("Exchange.subscribe() takes no more than there is room for, however deep", () => {
  const exchange = new Exchange(platformClock, MIB);
  const make = (subject: string): Subscription => {
    const recipient = { deliver: () => true };
    return { subject, queue: undefined, sid: "1", recipient, filtered: false, received: 0, max: 0 };
  };
  const added: Subscription[] = [];
  for (let at = 0; at < 100; at++) {
    const subscription = make(`${at}${".a".repeat(2_000)}`);
    if (exchange.subscribe(subscription) === "added") added.push(subscription);
  }
  assert(added.length > 0 && added.length < 5, `${added.length} were added`);
  assertEquals(exchange.subscribe(make("b")), "full");
  for (const subscription of added) exchange.unsubscribe(subscription);
  assertEquals([exchange.subscribe(make("a..b")), exchange.subscribe(make("b"))], [
    "invalid",
    "added",
  ]);
});

Deno.test("Permissions.noteReply() forgets the oldest of very many, and not the newest", () => {
  const permissions = new Permissions({ allowResponses: true }, platformClock);
  for (let at = 0; at < 200_000; at++) permissions.noteReply(`in.${at}`);
  assert(!permissions.mayPublish("in.0"));
  assert(permissions.mayPublish("in.199999"));
});

function bytesHeld(): number {
  return usedMemory() + Deno.memoryUsage().external;
}

/** A frame of a WebSocket's client, masked with zeros. */
function frame(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array([0x82, 0x80 | bytes.length, 0, 0, 0, 0, ...bytes]);
}

/** Opens a WebSocket by hand, and never reads from it once it is open. */
async function deafSocket(url: string): Promise<Deno.TcpConn> {
  const { hostname, port } = new URL(url);
  const conn = await Deno.connect({ hostname, port: Number(port) });
  await conn.write(new TextEncoder().encode(
    `GET / HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  ));
  const buffer = new Uint8Array(4_096);
  for (let heard = ""; !heard.includes("\r\n\r\n");) {
    heard += new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
  }
  return conn;
}

Deno.test("EmbeddedServer keeps little of WebSockets that never read nor answer a close", async () => {
  await using server = await EmbeddedServer.start({ webSocket: true, maxPending: 2 * MIB });
  const before = bytesHeld();
  using conns = new DisposableStack();
  for (let at = 0; at < 8; at++) {
    const conn = conns.use(await deafSocket(server.webSocketUrl!));
    await conn.write(frame("SUB a 1\r\n"));
  }
  await until("all must have subscribed", () => server.stats().subscriptions === 8);
  await using publisher = await RawClient.greet(server.port);
  const message = `PUB a 500000\r\n${"x".repeat(500_000)}\r\n`;
  for (let sent = 0; sent < 60 && server.stats().slowConsumers < 8; sent++) {
    await publisher.ask(message);
  }
  assertEquals([server.stats().slowConsumers, server.stats().connections], [8, 1]);
  // whatever waits for a socket is let go of within one look at it
  await delay(20);
  const grown = bytesHeld() - before;
  assert(grown < 4 * MIB, `${grown} bytes are kept`);
});

Deno.test("EmbeddedServer takes no frame of a WebSocket that lies about its size", async () => {
  await using server = await EmbeddedServer.start({ webSocket: true });
  for (const size of [[0x82, 0xff, 127, 255, 255, 255, 255, 255, 255, 255], [0xff, 0xff], [2]]) {
    using conn = await deafSocket(server.webSocketUrl!);
    await until("it must be there", () => server.stats().connections === 1);
    await conn.write(new Uint8Array([...size, 0, 0, 0, 0, 65, 65]));
    if (size.length > 1) await until("it must go", () => server.stats().connections === 0);
  }
  await using client = await RawClient.greet(server.port);
  assertEquals(await client.ask(""), "");
});
