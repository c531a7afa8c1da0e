import type { NatsBroker } from "@signalbox/nats";
import { jetstream, stream } from "@signalbox/nats/jetstream";
import { kv } from "@signalbox/nats/kv";
import { objects } from "@signalbox/nats/obj";
import { assertEquals } from "@std/assert";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { Workshop } from "../support/jetstream/workshop.ts";

const STREAMS = ["S", "KV_b", "OBJ_o"];

/** What each door reads, and begins at once; it may fail as its broker stops. */
const READS: readonly ((broker: NatsBroker) => Promise<unknown>)[] = [
  (broker) => jetstream(broker).read("S").ready,
  (broker) => Array.fromAsync(jetstream(broker).read("S", { until: "now" })),
  (broker) => kv(broker, "b").mirror().ready,
  (broker) => Array.fromAsync(kv(broker, "b").keys()),
  (broker) => kv(broker, "b").changes().open(),
  (broker) => objects(broker, "o").get("x"),
  (broker) => objects(broker, "o").changes().open(),
];

async function filled(server: Backend): Promise<Workshop> {
  const workshop = await Workshop.at(server);
  const { broker } = workshop;
  const s = stream("S", { subjects: ["s.*"], declare: "create" });
  jetstream(broker, { streams: [s] });
  await jetstream(broker).publish("s.1");
  await kv(broker, "b", { declare: "create" }).put("k", 1);
  await objects(broker, "o", { declare: "create" }).put("x", new Uint8Array(3_000_000));
  return workshop;
}

async function consumersOf({ api }: Workshop): Promise<number[]> {
  const infos = await Promise.all(
    STREAMS.map((name) => api.call<{ state: { consumer_count: number } }>(`STREAM.INFO.${name}`)),
  );
  return infos.map(({ state }) => state.consumer_count);
}

onEveryJetStream("broker.stop() leaves no consumer of a read, at any moment", async (server) => {
  const workshop = await filled(server);
  for (let moment = 0; moment < 12; moment++) {
    const broker = server.broker();
    // the doors are there before the start
    for (const make of [jetstream, (one: NatsBroker) => kv(one, "b")]) make(broker);
    objects(broker, "o");
    const starting = broker.start().catch(() => {});
    await delay(moment * 2);
    const reading = READS.map((read) => Promise.try(() => read(broker)).catch(() => {}));
    await delay(moment % 4 * 3);
    await broker.stop();
    await Promise.all([starting, ...reading]);
    assertEquals(await consumersOf(workshop), [0, 0, 0], `stopped at moment ${moment}`);
  }
});

for (const read of READS) {
  const title = `${read}`.replace(/^\(broker\) => /, "").replaceAll("broker, ", "");
  onEveryJetStream(
    `broker.stop() leaves no consumer of ${title} where nothing was started`,
    async (server) => {
      const workshop = await filled(server);
      const broker = server.broker();
      await broker.connect();
      await read(broker);
      await broker.stop();
      assertEquals(await consumersOf(workshop), [0, 0, 0]);
    },
  );
}
