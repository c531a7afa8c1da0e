import { assert, assertEquals } from "@std/assert";
import { kv } from "@signalbox/nats/kv";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";

/** The server within the same process takes several times as long. */
const SIZES = [[20_000, {}], [100_000, { ownProcess: true }]] as const;

for (const [size, needs] of SIZES) {
  onEveryJetStream(
    `A bucket lists, mirrors and follows ${size} keys`,
    (server) => useMany(server, size),
    needs,
  );
}

async function useMany(server: Backend, size: number): Promise<void> {
  const broker = server.broker();
  const many = kv<number>(broker, "many", { declare: "create", storage: "memory", timeout: "60s" });
  await broker.start();
  const last = `k.7.${size - 93}`;
  let next = 0;
  const put = async () => {
    for (let at = next++; at < size; at = next++) await many.put(`k.${at % 100}.${at}`, at);
  };
  await Promise.all(Array.from({ length: 512 }, put));
  const keys = new Set<string>();
  for await (const key of many.keys()) keys.add(key);
  assertEquals(keys.size, size);
  const before = Deno.memoryUsage().heapUsed;
  const live = await many.mirror("k.*.*").ready;
  assertEquals([live.size, live.get(last)], [size, size - 93]);
  await many.delete(last);
  await until("it follows", () => live.size === size - 1);
  const few = [];
  for await (const key of many.keys("k.7.*")) few.push(key);
  assertEquals(few.length, size / 100 - 1);
  await using reader = await many.changes("k.{hundred}.{at}").open();
  let seen = 0;
  while (await Promise.race([reader.initial, reader.next().then(() => false)]) === false) seen++;
  assert(seen >= size - 1, `${seen}`);
  assert(Deno.memoryUsage().heapUsed - before < 300e6);
}
