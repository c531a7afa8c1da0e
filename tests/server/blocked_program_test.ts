import { NatsBroker } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";

/** Milliseconds; the other program answers within them, while this one stands still for longer. */
const TIMEOUT = 1_000;

/** Nothing of this program runs for so many milliseconds. */
function standStill(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

Deno.test("NatsBroker.request() takes the answers that came while the program stood still past their deadline", async () => {
  await using server = await NatsServer.start();
  const url = new URL("../support/slow_worker.ts", import.meta.url);
  const other = new Worker(url, { type: "module" });
  const ready = new Promise((resolve) => other.onmessage = resolve);
  other.postMessage(server.url);
  await ready;
  await using broker = new NatsBroker(server.url, { logger: false });
  await broker.connect();
  const bodies = Array.from({ length: 50 }, (_, at) => `${at}`);
  const asked = bodies.map((body) => broker.request("slow", body, { timeout: TIMEOUT }));
  await broker.flush();
  standStill(3 * TIMEOUT);
  assertEquals((await Promise.all(asked)).map(({ body }) => body), bodies);
  other.terminate();
});
