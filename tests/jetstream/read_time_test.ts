import { NatsBroker } from "@signalbox/nats";
import { jetstream, stream } from "@signalbox/nats/jetstream";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals } from "@std/assert";
import { register } from "../../src/door/mod.ts";
import { until } from "../support/nats_server/until.ts";
import { JetStreamApi, OrderedRead } from "../support/jetstream/internals.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });

async function started() {
  const broker = new NatsBroker();
  const js = jetstream(broker, { streams: [orders] });
  const access = register(broker, { name: "test" });
  const test = await TestBroker.start(broker, { time: "moved" });
  const api = JetStreamApi.of(access);
  return { js, test, api, [Symbol.asyncDispose]: () => test.stop() };
}

Deno.test("OrderedRead waits for hours on one consumer, as long as the server says that it is there", async () => {
  await using all = await started();
  const read = new OrderedRead(all.api, { stream: "ORDERS" });
  await read.ready;
  for (const id of [1, 2]) {
    await all.test.advance("3h");
    await all.js.publish(`orders.${id}`, id);
    assertEquals((await read.next())?.seq, id);
  }
  assertEquals(read.resets, 0);
  await read.close();
});

Deno.test("OrderedRead goes on after its reader has paused for longer than consumers live", async () => {
  await using all = await started();
  for (let id = 0; id < 50; id++) await all.js.publish(`orders.${id}`, id);
  const read = new OrderedRead(all.api, { stream: "ORDERS", maxBytes: 500 });
  const seen = [(await read.next())!.seq];
  await all.test.advance("10m");
  await until("its consumer must be gone", async () => {
    return (await all.js.info(orders)).consumers === 0;
  });
  while (seen.length < 50) seen.push((await read.next())!.seq);
  assertEquals(seen, Array.from({ length: 50 }, (_, at) => at + 1));
  assert(read.resets >= 1);
  await read.close();
});

Deno.test("js.read() counts its timeout by a time that is moved", async () => {
  await using all = await started();
  const reader = all.js.read(orders);
  const next = reader.next({ timeout: "1h" }).then(() => undefined, (error) => error.name);
  await all.test.advance("59m");
  await all.test.advance("2m");
  assertEquals(await next, "TimeoutError");
  await reader.close();
});
