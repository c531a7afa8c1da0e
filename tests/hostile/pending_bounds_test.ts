import type { Answers } from "@signalbox/nats";
import { connect, type NatsConnection } from "@nats-io/transport-deno";
import { assertLess } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { usedMemory } from "../support/memory.ts";
import { withBystander } from "./bystander.ts";

const COUNT = 10_000;
const SLICE = 500;
/** A line of the server's is 4 096 bytes long at most. */
const ADDRESS = "x".repeat(3_500);
const MOST = { messages: 65_536, bytes: 1_000_000 };
/** What those that wait may take up beside their bytes, and what else is at work in the process. */
const BESIDE = 12_000_000;

/** Floods somebody with empty messages whose addresses are long; gives how much memory that takes. */
async function flooded(
  server: Backend,
  flood: (client: NatsConnection) => void | Promise<void>,
): Promise<number> {
  const client = await connect({ servers: server.url });
  try {
    const before = usedMemory();
    await flood(client);
    await client.flush();
    await delay(300);
    return usedMemory() - before;
  } finally {
    await client.close();
  }
}

/** Publishes in slices: the bystander is not to wait behind more than the client can read in a moment. */
async function publish(client: NatsConnection, send: (n: number) => void): Promise<void> {
  for (let n = 0; n < COUNT; n++) {
    send(n);
    if (n % SLICE === 0) await client.request("bystander.echo", "1", { timeout: 10_000 });
  }
}

/** Publishes empty messages that want an answer at a long address. */
function publishTo(client: NatsConnection, subject: string): Promise<void> {
  return publish(client, (n) => client.publish(subject, "", { reply: `${n}.${ADDRESS}` }));
}

/** A broker with the bystander's subject. */
async function served(server: Backend, prepare: (broker: ReturnType<Backend["broker"]>) => void) {
  const broker = server.broker();
  broker.subscriber("bystander.echo", ({ body }) => body);
  prepare(broker);
  await broker.start();
  return broker;
}

onEveryServer(
  "NatsBroker.subscriber() counts reply addresses among the bytes that wait for a handler",
  async (server) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await served(server, (broker) => {
      broker.subscriber("slow", { concurrency: 1, maxPending: MOST, noReply: true }, () => promise);
    });
    await withBystander(server.url, "bystander.echo", async () => {
      const held = await flooded(server, (client) => publishTo(client, "slow"));
      assertLess(held, MOST.bytes + BESIDE);
    });
    resolve();
  },
);

onEveryServer(
  "NatsBroker.subscriber() counts subjects among the bytes that wait for a reader",
  async (server) => {
    await served(server, (broker) => {
      broker.subscriber("read.>", { maxPending: MOST });
    });
    await withBystander(server.url, "bystander.echo", async () => {
      const held = await flooded(
        server,
        (client) => publish(client, (n) => client.publish(`read.${n}.${ADDRESS}`)),
      );
      assertLess(held, MOST.bytes + BESIDE);
    });
  },
);

onEveryServer(
  "NatsBroker.openInbox() counts reply addresses among the bytes that wait",
  async (server) => {
    const broker = await served(server, () => {});
    for (const overflow of ["close", "drop-oldest", "drop-newest"] as const) {
      await using inbox = await broker.openInbox({ maxPending: MOST, overflow });
      await withBystander(server.url, "bystander.echo", async () => {
        const held = await flooded(server, (client) => publishTo(client, inbox.subject));
        assertLess(held, MOST.bytes + BESIDE);
      });
    }
  },
);

onEveryServer(
  "NatsBroker.requestMany() counts reply addresses among the bytes that wait",
  async (server) => {
    const broker = await served(server, () => {});
    const collected: Answers[] = [];
    await withBystander(server.url, "bystander.echo", async () => {
      // 64 MiB may wait, and so 30 000 of 3 500 characters take twice as much where they are not counted
      const held = await flooded(server, async (client) => {
        const { promise: asked, resolve: ask } = Promise.withResolvers<string>();
        client.subscribe("many", { callback: (_, { reply }) => ask(reply!) });
        await client.flush();
        const answers = broker.requestMany("many", null, { timeout: 60_000 });
        collected.push(answers);
        const inbox = await asked;
        for (let turn = 0; turn < 4; turn++) await publishTo(client, inbox);
        await answers.closed;
      });
      assertLess(held, 67_108_864 + BESIDE);
      for (const answers of collected) await answers.close();
    });
  },
);
