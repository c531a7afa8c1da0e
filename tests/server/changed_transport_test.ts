import { NatsBroker } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { freePort } from "../support/free_port.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";

const HOST = "127.0.0.1";

/** Has a server take plain connections at the port, or WebSockets. */
function at(port: number, scheme: "nats" | "ws"): Promise<NatsServer> {
  if (scheme === "nats") return NatsServer.start({ port });
  return NatsServer.start({
    config: `websocket { host: "${HOST}", port: ${port}, no_tls: true }`,
  });
}

for (const [usual, other] of [["nats", "ws"], ["ws", "nats"]] as const) {
  Deno.test(`NatsBroker over ${usual}:// comes back where ${other}:// was served at its address for a while`, async () => {
    const port = freePort();
    await using servers = new AsyncDisposableStack();
    const server = servers.use(await at(port, usual));
    await using broker = new NatsBroker(`${usual}://${HOST}:${port}`, {
      logger: false,
      connectTimeout: 300,
      // a busy machine may take longer than that for the first connection
      waitOnFirstConnect: true,
      reconnect: { minDelay: 20, maxDelay: 50 },
    });
    let attempts = 0;
    const seen = (async () => {
      for await (const { type } of broker.events()) if (type === "reconnecting") attempts++;
    })();
    broker.subscriber("echo", ({ body }) => body);
    await broker.start();
    await server.kill();
    const meanwhile = servers.use(await at(port, other));
    const answer = broker.request("echo", "held", { timeout: 60_000 });
    const before = attempts;
    await until("it has been tried again", () => attempts > before + 2);
    await meanwhile.kill();
    await server.restart();
    assertEquals((await answer).body, "held");
    await broker.stop();
    await seen;
  });
}
