import { NatsBroker } from "@signalbox/nats";
import { assertEquals, assertRejects } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { onEveryServer } from "../support/backends.ts";

onEveryServer(
  "NatsBroker.state follows a broker from idle to closed, and again",
  async (server) => {
    const broker = server.broker();
    const release = Promise.withResolvers<void>();
    broker.subscriber("slow", () => release.promise);
    assertEquals(broker.state, "idle");
    for (const _ of [1, 2]) {
      const started = broker.start();
      assertEquals(broker.state, "connecting");
      await started;
      assertEquals(broker.state, "ready");
      const answer = broker.request("slow");
      await broker.flush();
      const stopped = broker.stop();
      assertEquals(broker.state, "draining");
      release.resolve();
      await answer;
      await stopped;
      assertEquals(broker.state, "closed");
    }
  },
);

Deno.test("NatsBroker.state is idle again after a connect that failed, and closed after a stop", async () => {
  const broker = new NatsBroker("nats://127.0.0.1:1", { logger: false });
  const connected = broker.connect();
  assertEquals(broker.state, "connecting");
  await assertRejects(() => connected);
  assertEquals(broker.state, "idle");
  await broker.stop();
  assertEquals(broker.state, "closed");
});

Deno.test("NatsBroker.state is reconnecting in an outage, as its events say", async () => {
  await using server = await NatsServer.start();
  const broker = new NatsBroker(server.url, {
    logger: false,
    reconnect: { minDelay: 10, maxDelay: 50 },
  });
  await broker.start();
  const events = broker.events();
  const until = async (type: string) => {
    for (;;) if ((await events.next()).value?.type === type) return broker.state;
  };
  await server.stop();
  assertEquals(await until("disconnected"), "reconnecting");
  await server.restart();
  assertEquals(await until("connected"), "ready");
  await broker.stop();
  assertEquals(broker.state, "closed");
});
