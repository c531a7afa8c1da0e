import { type Duration, EmbeddedServer } from "@signalbox/nats/testing";
import { assertRejects } from "@std/assert";

Deno.test("EmbeddedServer.start() takes durations as text, and names one that it does not take", async () => {
  await (await EmbeddedServer.start({ pingInterval: "1m", authTimeout: "2s" })).stop();
  for (const wrong of ["5 minutes", "-1s"]) {
    await assertRejects(
      () => EmbeddedServer.start({ pingInterval: wrong as Duration }),
      TypeError,
      `"${wrong}"`,
    );
  }
});
