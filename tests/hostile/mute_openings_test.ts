import type { BrokerOptions, NatsBroker } from "@signalbox/nats";
import { assertEquals, assertLess } from "@std/assert";
import { headers, type NatsConnection } from "@nats-io/transport-deno";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { heldMemory } from "../support/memory.ts";
import { withBystander } from "./bystander.ts";
import { withHostile } from "./hostile_peer.ts";

const MIB = 1_048_576;
const TERMS = "frames=9 bytes=999 body=999 responses=0";

/** How long those are waited for who are served beside a flood. */
const SERVED = { timeout: 20_000 };

/** Opens so many times and never says a word; the reply addresses are nobody's, or all the hostile peer's own. */
function openMutely(
  client: NatsConnection,
  subject: string,
  kind: "stream" | "session",
  count: number,
  payload: string | Uint8Array = "null",
): void {
  for (let n = 0; n < count; n++) {
    const told = headers();
    told.set("Signalbox-Link", `1 ${kind} ${TERMS}`);
    told.set("content-type", typeof payload === "string" ? "application/json" : "");
    const reply = `_EVIL.${crypto.randomUUID()}.o1`;
    client.publish(subject, payload, { reply, headers: told });
  }
}

/** Serves, and has somebody open one after the other beside the flood; each must be served from its first word to its last. */
async function besideFlood(
  server: Backend,
  options: BrokerOptions,
  serve: (broker: NatsBroker) => void,
  flood: { readonly subject: string; readonly kind: "stream" | "session" },
  talk: (caller: NatsBroker) => Promise<void>,
): Promise<void> {
  const broker = server.broker(options);
  broker.subscriber("bystander.echo", ({ body }) => body);
  serve(broker);
  await broker.start();
  const caller = server.broker();
  await caller.connect();
  let isOver = false;
  await withBystander(
    server.url,
    "bystander.echo",
    () =>
      withHostile(server.url, async (client) => {
        // its own, so that nobody tells the broker that there is nobody
        client.subscribe("_EVIL.>", { callback() {} });
        const flooding = (async () => {
          while (!isOver) {
            openMutely(client, flood.subject, flood.kind, 60);
            await delay(200);
          }
        })();
        try {
          await delay(600);
          for (let n = 0; n < 60; n++) {
            await talk(caller);
            await delay(20);
          }
        } finally {
          isOver = true;
          await flooding;
        }
      }),
  );
}

async function talkOnce(caller: NatsBroker): Promise<void> {
  await using session = await caller.openSession("talk", null, SERVED);
  await delay(30);
  await session.send("hello");
  assertEquals((await session.next(SERVED))?.body, "hello");
}

async function readOnce(caller: NatsBroker): Promise<void> {
  const bodies = await Array.fromAsync(
    caller.requestStream("few", null, SERVED),
    ({ body }) => body,
  );
  assertEquals(bodies, [1, 2, 3]);
}

const serveTalk = (maxSessions: number) => (broker: NatsBroker) => {
  broker.session("talk", { maxSessions }, async (session) => {
    for await (const { body } of session) await session.send(body);
  });
};

onEveryServer(
  "NatsBroker.session() serves everyone beside a flood of openings that never say a word",
  (server) =>
    besideFlood(server, {}, serveTalk(300), { subject: "talk", kind: "session" }, talkOnce),
);

onEveryServer(
  "BrokerOptions.maxSessions serves everyone beside a flood of openings that never say a word",
  (server) =>
    besideFlood(
      server,
      { maxSessions: 300 },
      (broker) => {
        serveTalk(1_000)(broker);
        broker.session("other", ({ closed }) => closed);
      },
      { subject: "other", kind: "session" },
      talkOnce,
    ),
);

onEveryServer(
  "SubscriberOptions.maxStreams serves everyone beside a flood of openings that never say a word",
  (server) =>
    besideFlood(
      server,
      {},
      (broker) => {
        broker.subscriber("few", { maxStreams: 300 }, async function* ({ signal }) {
          for (let n = 1; n <= 3; n++) {
            yield n;
            await delay(10);
            if (signal.aborted) return;
          }
        });
      },
      { subject: "few", kind: "stream" },
      readOnce,
    ),
);

onEveryServer(
  "NatsBroker.session() gives a place away only once its handler has returned",
  async (server) => {
    let [atWork, most, served] = [0, 0, 0];
    const broker = server.broker();
    broker.session("talk", { maxSessions: 5 }, async (session) => {
      most = Math.max(most, ++atWork);
      await session.closed;
      await delay(30);
      atWork--;
      served++;
    });
    await broker.start();
    await withHostile(server.url, async (client) => {
      for (let turn = 0; turn < 10; turn++) {
        openMutely(client, "talk", "session", 10);
        await delay(50);
      }
      await client.flush();
    });
    await until("all must have returned", () => served >= 10 && atWork === 0);
    assertEquals(most, 5);
  },
);

onEveryServer(
  "SubscriberOptions.maxStreams counts what waits for a middleware or a schema",
  async (server) => {
    let [atWork, most] = [0, 0];
    const broker = server.broker({ maxSessions: 50 });
    const middleware = [async (_: unknown, next: () => unknown) => {
      most = Math.max(most, ++atWork);
      await delay(200);
      await next();
      atWork--;
    }];
    broker.subscriber("few", { maxStreams: 20, middleware }, async function* () {
      yield 1;
    });
    broker.session("talk", { middleware }, ({ closed }) => closed);
    await broker.start();
    await withHostile(server.url, async (client) => {
      const most1 = async (subject: string, kind: "stream" | "session") => {
        most = 0;
        openMutely(client, subject, kind, 500);
        // a plain caller takes a place as well
        for (let n = 0; n < 100; n++) client.publish(subject, "null", { reply: "_EVIL.plain" });
        await client.flush();
        // what is on its way to it has come
        await broker.ping({ timeout: 20_000 });
        await delay(100);
        return most;
      };
      assertEquals(await most1("few", "stream"), 20);
      await delay(500);
      assertLess(await most1("talk", "session"), 50 + 100 + 1);
    });
  },
);

onEveryServer(
  "BrokerOptions.maxLinkBytes counts the bodies of openings, accepted or not",
  async (server) => {
    const broker = server.broker({ maxLinkBytes: 16 * MIB });
    broker.subscriber("bystander.echo", ({ body }) => body);
    broker.session("slow", {
      middleware: [async (_, next) => {
        await delay(1_500);
        await next();
      }],
    }, ({ closed }) => closed);
    broker.session("kept", async (session) => {
      await session.closed;
      await delay(1);
      void session.opening.data;
    });
    await broker.start();
    const body = new Uint8Array(MIB / 2);
    await withBystander(
      server.url,
      "bystander.echo",
      () =>
        withHostile(server.url, async (client) => {
          client.subscribe("_EVIL.>", { callback() {} });
          for (const subject of ["slow", "kept"]) {
            const before = heldMemory();
            for (let n = 0; n < 20; n++) {
              openMutely(client, subject, "session", 10, body);
              await client.flush();
            }
            // what is on its way to the broker is not held by it
            await broker.ping({ timeout: 20_000 });
            await delay(300);
            assertLess(heldMemory() - before, (16 + 24) * MIB);
            await delay(1_500);
          }
        }),
    );
  },
);

onEveryServer(
  "BrokerOptions.maxLinkBytes leaves half to sessions at work, whatever openings hold that a middleware keeps",
  async (server) => {
    const broker = server.broker({ maxLinkBytes: 16 * MIB });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    broker.subscriber("bystander.echo", ({ body }) => body);
    broker.session("kept", { middleware: [() => released] }, ({ closed }) => closed);
    broker.subscriber("plain", { middleware: [() => released] }, async function* () {
      yield 1;
    });
    serveTalk(1_000)(broker);
    await broker.start();
    const caller = server.broker();
    await caller.connect();
    const body = new Uint8Array(MIB / 2);
    await withBystander(server.url, "bystander.echo", async () => {
      await using session = await caller.openSession("talk");
      await withHostile(server.url, async (client) => {
        const codes: (string | undefined)[] = [];
        client.subscribe("_EVIL.>", {
          callback: (_, { headers }) => void codes.push(headers?.get("Nats-Service-Error-Code")),
        });
        for (let n = 0; n < 40; n++) {
          openMutely(client, "kept", "session", 1, body);
          // a plain caller, who has no link that could be ended
          client.publish("plain", body, { reply: "_EVIL.plain" });
          await client.flush();
        }
        await until("more than half is refused", () => codes.length >= 80 - 16);
        assertEquals(new Set(codes), new Set(["429"]));
      });
      const large = "x".repeat(MIB / 2);
      for (let n = 0; n < 5; n++) {
        await session.send(large);
        assertEquals((await session.next(SERVED))?.body, large);
      }
      await talkOnce(caller);
      release();
    });
  },
);
