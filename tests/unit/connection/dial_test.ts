import {
  connect,
  type ConnectionOptions,
  type NatsConnection,
  wsconnect,
  type WsConnectionOptions,
} from "@nats-io/transport-deno";
import { assertEquals, assertRejects } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import { dial, type TransportKind } from "../../../src/connection/dial.ts";
import { within } from "../../../src/deadline.ts";
import { EmbeddedServer } from "../../../src/testing/mod.ts";
import { usedMemory } from "../../support/memory.ts";
import { until } from "../../support/nats_server/until.ts";

/** Where a connection of each kind goes; a server in this process takes both. */
function optionsOf(server: EmbeddedServer, kind: TransportKind) {
  const common = { resolve: false, reconnect: false, noAsyncTraces: true };
  if (kind === "tcp") return { ...common, servers: `127.0.0.1:${server.port}` };
  const wsFactory = () => Promise.resolve({ socket: server.socket(), encrypted: false });
  return { ...common, servers: ["ws://in-memory"], wsFactory };
}

/** Where nobody listens: a port that was free a moment ago. */
function nowhere(): ConnectionOptions | WsConnectionOptions {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const servers = `127.0.0.1:${(listener.addr as Deno.NetAddr).port}`;
  return { servers, resolve: false, reconnect: false, noAsyncTraces: true, timeout: 5_000 };
}

async function afterTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}

async function works(client: NatsConnection): Promise<void> {
  await client.flush();
  await client.close();
}

Deno.test("dial() connects over TCP and over a WebSocket", async () => {
  await using server = await EmbeddedServer.start();
  for (const kind of ["tcp", "webSocket", "tcp"] as const) {
    await works(await dial(platformClock, kind, optionsOf(server, kind)));
  }
});

Deno.test("dial() keeps dials of different kinds apart, though they are called at once", async () => {
  await using server = await EmbeddedServer.start();
  const kinds = ["tcp", "webSocket", "webSocket", "tcp", "tcp", "webSocket"] as const;
  const clients = await Promise.all(
    kinds.map((kind) => dial(platformClock, kind, optionsOf(server, kind))),
  );
  assertEquals(clients.length, 6);
  await Promise.all(clients.map(works));
});

Deno.test("dial() rejects where nobody listens, and does not hold up those who wait", async () => {
  await using server = await EmbeddedServer.start();
  const failing = assertRejects(() => dial(platformClock, "tcp", nowhere()), Error);
  const client = await dial(platformClock, "webSocket", optionsOf(server, "webSocket"));
  await failing;
  await works(client);
  await works(await dial(platformClock, "tcp", optionsOf(server, "tcp")));
});

Deno.test("dial() keeps no client that has closed", async () => {
  await using server = await EmbeddedServer.start();
  const closed = async (kind: TransportKind) => {
    const client = await dial(platformClock, kind, optionsOf(server, kind));
    await works(client);
    return new WeakRef(client);
  };
  const clients = [await closed("webSocket"), await closed("tcp")];
  await until("both must be collected", () => {
    usedMemory();
    return clients.every((client) => client.deref() === undefined);
  });
});

/** A program's own connection, which comes back by itself. */
async function ownOf(server: EmbeddedServer, kind: TransportKind): Promise<NatsConnection> {
  const options = {
    ...optionsOf(server, kind),
    reconnect: true,
    reconnectTimeWait: 10,
    timeout: 5_000,
  };
  return await (kind === "tcp" ? connect(options) : wsconnect(options));
}

/** More turns than a dial needs from its call until it has a transport. */
const TURNS = 24;

for (const own of ["tcp", "webSocket"] as const) {
  for (const ours of ["tcp", "webSocket"] as const) {
    Deno.test(`dial() over ${ours} and a program's dial over ${own} get their own transport, whichever turn each begins in`, async () => {
      await using server = await EmbeddedServer.start();
      await works(await dial(platformClock, ours, optionsOf(server, ours)));
      for (let turns = -TURNS; turns < TURNS; turns++) {
        const both = Promise.all([
          afterTurns(-turns).then(() => dial(platformClock, ours, optionsOf(server, ours))),
          afterTurns(turns).then(() => ownOf(server, own)),
        ]);
        const clients = await within(both, { clock: platformClock, timeout: 20_000 }, "connect");
        await Promise.all(clients.map(works));
      }
    });

    Deno.test(`dial() over ${ours} leaves a program's own connection its ${own}`, async () => {
      await using server = await EmbeddedServer.start();
      await works(await dial(platformClock, ours, optionsOf(server, ours)));
      const client = await ownOf(server, own);
      await works(await dial(platformClock, ours, optionsOf(server, ours)));
      const statuses = client.status()[Symbol.asyncIterator]();
      server.disconnect();
      const back = (async () => {
        while ((await statuses.next()).value?.type !== "reconnect");
        await client.flush();
      })();
      await within(back, { clock: platformClock, timeout: 20_000 }, "come back");
      await client.close();
    });
  }
}
