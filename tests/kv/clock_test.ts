import { kv } from "@signalbox/nats/kv";
import { assertEquals } from "@std/assert";
import { onNatsServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";

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
      const prices = kv<number>(broker, "prices", { declare: "create", ttl: "3s" });
      await broker.start();
      await prices.put("old", 1);
      await using mirror = prices.mirror();
      await mirror.ready;
      await delay(2_000);
      using _ = dateMovedBy(jump);
      await prices.put("new", 2);
      await delay(2_000);
      assertEquals(Object.fromEntries(mirror), { new: 2 });
      assertEquals(await Array.fromAsync(prices.keys()), ["new"]);
      await delay(2_500);
      assertEquals(Object.fromEntries(mirror), {});
      await broker.stop();
    }, { jetstream: true }));
}
