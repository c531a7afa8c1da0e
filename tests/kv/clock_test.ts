import { kv } from "@signalbox/nats/kv";
import { assertEquals } from "@std/assert";
import { onNatsServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";

/** Has the date of this program jump, as when somebody sets its clock. */
function dateMovedBy(milliseconds: number): Disposable {
  const real = Date.now;
  Date.now = () => real() + milliseconds;
  return { [Symbol.dispose]: () => void (Date.now = real) };
}

for (const [where, jump] of [["forward", 3_600_000], ["back", -3_600_000]] as const) {
  Deno.test(`Bucket.mirror() keeps to the server's time where the date here jumps ${where}`, () =>
    onNatsServer(async (server) => {
      const broker = server.broker();
      const prices = kv<number>(broker, "prices", { declare: "create", ttl: "4s" });
      await broker.start();
      await prices.put("old", 1);
      await using mirror = prices.mirror();
      await mirror.ready;
      await delay(3_000);
      using _ = dateMovedBy(jump);
      await prices.put("new", 2);
      await until("the old one has expired", () => !mirror.has("old"));
      assertEquals(Object.fromEntries(mirror), { new: 2 });
      // the server takes up to a second longer
      const keys = await until("the server has dropped it", async () => {
        const found = await Array.fromAsync(prices.keys());
        return !found.includes("old") && found;
      });
      assertEquals(keys, ["new"]);
      await until("the new one has expired", () => mirror.size === 0);
      await broker.stop();
    }, { jetstream: true }));
}
