import { NatsBroker } from "@signalbox/nats";
import { jetstream, stream } from "@signalbox/nats/jetstream";
import { assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";

/** Milliseconds; the other program answers within them, while this one stands still for longer. */
const TIMEOUT = 1_000;

/** Nothing of this program runs for so many milliseconds. */
function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** A program in a thread of its own that answers `slow` a little later. */
async function anotherProgram(url: string): Promise<Disposable> {
  const worker = new Worker(new URL("../support/slow_worker.ts", import.meta.url), {
    type: "module",
  });
  const ready = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage(url);
  await ready;
  return { [Symbol.dispose]: () => worker.terminate() };
}

Deno.test("NatsBroker.request() takes the answers that came while the program stood still past their deadline", async () => {
  await using server = await NatsServer.start();
  using _other = await anotherProgram(server.url);
  await using broker = new NatsBroker(server.url, { logger: false });
  await broker.connect();
  const bodies = Array.from({ length: 50 }, (_, at) => `${at}`);
  const asked = bodies.map((body) => broker.request("slow", body, { timeout: TIMEOUT }));
  await broker.flush();
  standStill(3 * TIMEOUT);
  assertEquals((await Promise.all(asked)).map(({ body }) => body), bodies);
});

Deno.test("NatsBroker.requestMany() takes the answers that came while the program stood still past its timeout", async () => {
  await using server = await NatsServer.start();
  using _one = await anotherProgram(server.url);
  using _two = await anotherProgram(server.url);
  await using broker = new NatsBroker(server.url, { logger: false });
  await broker.connect();
  const answers = broker.requestMany("slow", "?", { timeout: TIMEOUT });
  await broker.flush();
  standStill(3 * TIMEOUT);
  assertEquals((await Array.fromAsync(answers)).map(({ body }) => body), ["?", "?"]);
});

Deno.test("JetStream.publish() takes the response that came while the program stood still past its timeout", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  await using broker = new NatsBroker(server.url, { logger: false });
  const orders = stream("ORDERS", { subjects: ["orders.>"], declare: "create" });
  const js = jetstream(broker, { streams: [orders] });
  await broker.start();
  await server.suspend();
  const stored = js.publish("orders.1", 1, { timeout: TIMEOUT });
  // it is written before this program stands still, and the server responds while it does
  await delay(100);
  server.resume();
  standStill(3 * TIMEOUT);
  assertEquals((await stored).seq, 1);
});
