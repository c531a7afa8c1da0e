import { assert, assertEquals, assertLess } from "@std/assert";
import { headers } from "@nats-io/transport-deno";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { heldMemory } from "../support/memory.ts";
import { withBystander } from "./bystander.ts";
import { withHostile } from "./hostile_peer.ts";

const MIB = 1_048_576;
/** How many refusals of one subject a middleware has at a time. */
const MOST = 256;
const COUNT = 2_000;

onEveryServer(
  "NatsBroker.use() has a publish middleware that takes its time hold no more refusals than 256 of a subject",
  async (server) => {
    const atWork = new Map<string, number>();
    const most = new Map<string, number>();
    const broker = server.broker();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    broker.use({
      publish: async (draft, next) => {
        const { subject } = draft;
        if (!subject.startsWith("_EVIL.")) return next(draft);
        const name = subject.slice(subject.lastIndexOf(".") + 1);
        const count = (atWork.get(name) ?? 0) + 1;
        atWork.set(name, count);
        most.set(name, Math.max(most.get(name) ?? 0, count));
        await released;
        return next(draft);
      },
    });
    broker.subscriber("slow", { concurrency: 1, maxPending: { messages: 1 } }, () => released);
    broker.subscriber("parts", { maxStreams: 1 }, async function* () {
      yield await released;
    });
    broker.session("talk", { maxSessions: 1, middleware: [() => released] }, () => {});
    broker.subscriber("bystander.echo", ({ body }) => body);
    await broker.start();
    const told = new Map<string, number>();
    const flood = () =>
      withHostile(server.url, async (client) => {
        client.subscribe("_EVIL.>", {
          callback: (_, { subject }) => {
            const name = subject.slice(subject.lastIndexOf(".") + 1);
            told.set(name, (told.get(name) ?? 0) + 1);
          },
        });
        const link = headers();
        link.set("Signalbox-Link", "1 session frames=9 bytes=999 body=999 responses=0");
        for (const name of ["slow", "parts", "talk"]) {
          for (let n = 0; n < COUNT; n++) {
            const options = name === "talk" ? { headers: link } : {};
            client.publish(name, "1", { reply: `_EVIL.${name}`, ...options });
          }
          // one or two are at work or wait for it
          await until(
            `all of "${name}" but those must be told past the middleware`,
            () => (told.get(name) ?? 0) >= COUNT - MOST - 2,
          );
        }
        release();
        for (const name of ["slow", "parts", "talk"]) {
          await until(`all of "${name}" must be told`, () => told.get(name)! >= COUNT - 2);
        }
      });
    await withBystander(server.url, "bystander.echo", flood);
    for (const name of ["slow", "parts", "talk"]) {
      assert(most.get(name)! <= MOST + 2, `${name}: ${most.get(name)} at once`);
      assert(
        most.get(name)! >= MOST,
        `${name}: ${most.get(name)} have passed through the middleware`,
      );
    }
    assertEquals(atWork.size, 3);
  },
);

onEveryServer(
  "NatsBroker.use() has refusals in a publish middleware keep no more than 1 MiB and one message",
  async (server) => {
    const broker = server.broker();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    broker.use({
      publish: async (draft, next) => {
        if (draft.subject.startsWith("_EVIL.")) await released;
        return next(draft);
      },
    });
    broker.subscriber("slow", { concurrency: 1, maxPending: { messages: 1 } }, () => released);
    broker.subscriber("parts", { maxStreams: 1 }, async function* () {
      yield await released;
    });
    broker.subscriber("bystander.echo", ({ body }) => body);
    await broker.start();
    let told = 0;
    await withBystander(
      server.url,
      "bystander.echo",
      () =>
        withHostile(server.url, async (client) => {
          client.subscribe("_EVIL.>", { callback: () => void told++ });
          await client.flush();
          const before = heldMemory();
          for (const subject of ["slow", "parts"]) {
            for (let n = 0; n < 100; n++) {
              client.publish(subject, new Uint8Array(MIB / 2), { reply: `_EVIL.${subject}` });
              if (n % 10 === 0) await client.flush();
            }
            await client.flush();
            // what is on its way to the broker is not held by it
            await broker.ping({ timeout: 20_000 });
            await delay(200);
          }
          assertLess(heldMemory() - before, 2 * 2 * MIB + 24 * MIB);
          release();
          await until("all must be told", () => told >= 198);
        }),
    );
  },
);
