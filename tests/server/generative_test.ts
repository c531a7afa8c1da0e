import type { HandlerSubscriber, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { RawCaller } from "../soak/generative/caller.ts";
import { MAX_PAYLOAD, randomMessage } from "../soak/generative/messages.ts";
import { registerService } from "../soak/generative/service.ts";
import { onEveryServer } from "../support/backends.ts";
import { usedMemory } from "../support/memory.ts";
import { until } from "../support/nats_server/until.ts";
import { type Random, seeded } from "../unit/seeded_random.ts";

const SEED = 20;
const WAVE = 500;

async function sendWaves(caller: RawCaller, random: Random, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += WAVE) {
    for (let at = 0; at < WAVE; at++) caller.send(randomMessage(random));
    await caller.answered();
  }
}

async function seenThrough(subscribers: Iterable<HandlerSubscriber>, count: number) {
  const total = () => [...subscribers].reduce((sum, { counts }) => sum + counts.handled, 0);
  await until(`${count} messages must be seen through`, () => total() === count);
}

async function assertServes(broker: NatsBroker): Promise<void> {
  const asked = ["bad.echo", "bad.later", "bad.reply", "bad.schema.now", "bad.schema.later"];
  for (const subject of asked) {
    assertEquals((await broker.request(subject, { n: 1 })).body, { n: 1 });
  }
  assertEquals((await broker.request("bad.filtered", { n: 1 })).body, "odd");
}

onEveryServer(
  "NatsBroker.subscriber() answers each of 10 000 bad requests once, and keeps nothing of them",
  async (server) => {
    const rejected: unknown[] = [];
    const keep = (event: PromiseRejectionEvent) => {
      event.preventDefault();
      rejected.push(event.reason);
    };
    globalThis.addEventListener("unhandledrejection", keep);
    try {
      const broker = server.broker();
      const subscribers = registerService(broker);
      await broker.start();
      await using caller = await RawCaller.connect(server.url);
      const random = seeded(SEED);
      await sendWaves(caller, random, 2_000);
      await seenThrough(subscribers, 2_000);
      const before = usedMemory();
      await sendWaves(caller, random, 8_000);
      await seenThrough(subscribers, 10_000);
      const grown = usedMemory() - before;
      await assertServes(broker);
      assertEquals([caller.surplus, rejected], [0, []]);
      assertEquals([...caller.told.keys()].sort(), [0, 400, 404, 413, 418, 500, 504]);
      assertEquals((Object.prototype as { polluted?: unknown }).polluted, undefined);
      assert(grown < 2 ** 20, `${grown} bytes are kept`);
    } finally {
      globalThis.removeEventListener("unhandledrejection", keep);
    }
  },
  { maxPayload: MAX_PAYLOAD },
);
