import { connect, headers, type NatsConnection, wsconnect } from "@nats-io/transport-deno";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { EmbeddedServer } from "../../src/testing/server/embedded_server.ts";
import type { EmbeddedServerOptions } from "../../src/testing/server/options.ts";

type Options = NonNullable<Parameters<typeof wsconnect>[0]>;

/** The ways in. The client keeps one transport for all that it dials, so each test takes one. */
const ways = {
  TCP: (server: EmbeddedServer, options: Options) => connect({ ...options, servers: server.url }),
  WebSocket: (server: EmbeddedServer, options: Options) =>
    wsconnect({ ...options, servers: server.webSocketUrl! }),
  pipe: (server: EmbeddedServer, options: Options) =>
    wsconnect({
      ...options,
      servers: "ws://memory",
      wsFactory: () => Promise.resolve({ socket: server.socket(), encrypted: false }),
    } as Options),
} as const;

/** How long an answer may take on a busy machine; the client's own time is one second. */
const PATIENCE = { timeout: 10_000 };

type Dial = (options?: Options) => Promise<NatsConnection>;

function everyWay(
  name: string,
  body: (dial: Dial, server: EmbeddedServer) => Promise<void>,
  options: EmbeddedServerOptions = {},
): void {
  for (const [way, dial] of Object.entries(ways)) {
    Deno.test(`EmbeddedServer over ${way} ${name}`, async () => {
      await using server = await EmbeddedServer.start({ ...options, webSocket: true });
      await body((chosen = {}) => dial(server, chosen), server);
    });
  }
}

everyWay("publishes, subscribes and requests", async (dial) => {
  const client = await dial();
  const subscription = client.subscribe("a.*", { max: 2 });
  client.publish("a.b", "one");
  const withHeaders = headers();
  withHeaders.set("k", "v");
  client.publish("a.c", "two", { headers: withHeaders });
  const heard = [];
  for await (const message of subscription) {
    heard.push([message.subject, message.string(), message.headers?.get("k")]);
  }
  assertEquals(heard, [["a.b", "one", undefined], ["a.c", "two", "v"]]);
  client.subscribe("svc", { callback: (_error, message) => void message.respond(message.data) });
  const bytes = new Uint8Array(300_000).map((_, i) => i % 251);
  assertEquals((await client.request("svc", bytes, PATIENCE)).data, bytes);
  await client.close();
});

everyWay("tells at once that nobody responds", async (dial) => {
  const client = await dial();
  await assertRejects(() => client.request("nobody", "", PATIENCE), Error, "no responders");
  await assertRejects(
    () => client.request("nobody", "", { noMux: true, ...PATIENCE }),
    Error,
    "no responders",
  );
  await client.close();
});

everyWay("keeps order and loses nothing", async (dial, server) => {
  const [publisher, subscriber] = [await dial(), await dial()];
  const done = Promise.withResolvers<void>();
  let expected = 0;
  let inOrder = true;
  subscriber.subscribe("a", {
    callback: (_error, message) => {
      inOrder &&= message.string() === `${expected}`;
      if (++expected === 50_000) done.resolve();
    },
  });
  await subscriber.flush();
  for (let i = 0; i < 50_000; i++) publisher.publish("a", `${i}`);
  await done.promise;
  assert(inOrder);
  assertEquals(server.stats().messagesOut, 50_000);
  await Promise.all([publisher.close(), subscriber.close()]);
});

everyWay("has clients come back after an outage", async (dial, server) => {
  const client = await dial({ reconnectTimeWait: 5, reconnectJitter: 1 });
  const received = Promise.withResolvers<string>();
  client.subscribe("a", { callback: (_error, message) => received.resolve(message.string()) });
  await client.flush();
  const back = (async () => {
    for await (const { type } of client.status()) if (type === "reconnect") return;
  })();
  server.disconnect();
  await back;
  client.publish("a", "again");
  assertEquals(await received.promise, "again");
  await client.close();
});

everyWay("refuses who is not let in", async (dial) => {
  await assertRejects(() => dial({ reconnect: false }), Error, "Authorization Violation");
  const client = await dial({ user: "a", pass: "b" });
  await client.flush();
  await client.close();
}, { users: [{ user: "a", password: "b" }] });

everyWay("tells of lame duck mode", async (dial, server) => {
  const client = await dial();
  await client.flush();
  const told = (async () => {
    for await (const { type } of client.status()) if (type === "ldm") return true;
  })();
  server.lameDuck();
  assertEquals(await told, true);
  await client.close();
});

everyWay("tells each client its own permissions", async (dial) => {
  const client = await dial({ user: "a", pass: "b" });
  const errors = Promise.withResolvers<string>();
  client.subscribe("no", { callback: (error) => errors.resolve(error?.message ?? "") });
  assert((await errors.promise).includes("Permissions Violation for Subscription"));
  await client.close();
}, { users: [{ user: "a", password: "b", permissions: { subscribe: ["_INBOX.>"] } }] });

Deno.test("EmbeddedServer has every way in meet the others", async () => {
  await using server = await EmbeddedServer.start({ webSocket: true });
  const clients: NatsConnection[] = [];
  for (const dial of Object.values(ways)) clients.push(await dial(server, {}));
  for (const [i, client] of clients.entries()) {
    client.subscribe(`svc.${i}`, { callback: (_error, message) => void message.respond(`${i}`) });
    await client.flush();
  }
  for (const client of clients) {
    for (const i of clients.keys()) {
      assertEquals((await client.request(`svc.${i}`, "", PATIENCE)).string(), `${i}`);
    }
  }
  for (const client of clients) await client.close();
});

Deno.test("EmbeddedServer stops with a WebSocket open that never answers", async () => {
  const server = await EmbeddedServer.start({ webSocket: true });
  const { hostname, port } = new URL(server.webSocketUrl!);
  using conn = await Deno.connect({ hostname, port: Number(port) });
  await conn.write(new TextEncoder().encode(
    `GET / HTTP/1.1\r\nHost: ${hostname}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  ));
  const buffer = new Uint8Array(4096);
  for (let heard = ""; !heard.includes("INFO");) {
    heard += new TextDecoder().decode(buffer.subarray(0, await conn.read(buffer) ?? 0));
  }
  await server.stop();
});

Deno.test("EmbeddedServer answers plain HTTP on its WebSocket port", async () => {
  await using server = await EmbeddedServer.start({ webSocket: true });
  const response = await fetch(server.webSocketUrl!.replace("ws:", "http:"));
  assertEquals(response.status, 400);
  await response.body?.cancel();
});
