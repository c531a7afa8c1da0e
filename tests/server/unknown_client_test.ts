/** A client that is not built as known is used by its public face alone, which the broker then loads. */
import { connect } from "@nats-io/transport-deno";
import { type BrokerEvent, NatsBroker } from "@signalbox/nats";
import { assertEquals, assertMatch } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { fastLineTest } from "../support/plain_mode.ts";

interface Settled {
  resolve(): void;
  reject(reason: Error): void;
}

/** Has all clients of this process settle a flush some turns after its answer; nobody outside the client notices. */
async function settleLater(url: string): Promise<void> {
  await using client = await connect({ servers: url, reconnect: false });
  const { protocol } = client as unknown as { protocol: object };
  const prototype = Object.getPrototypeOf(protocol);
  const flush: (settled: Settled) => void = prototype.flush;
  prototype.flush = async function (settled?: Settled): Promise<void> {
    const answered = Promise.withResolvers<void>();
    flush.call(this, answered);
    try {
      await answered.promise;
      settled?.resolve();
    } catch (error) {
      settled?.reject(error as Error);
      if (!settled) throw error;
    }
  };
}

fastLineTest(
  "NatsBroker.connect() says once of a client that is not built as known that it uses the public face, and works",
  "there is nothing to be surprised by",
  async () => {
    await using server = await NatsServer.start();
    await settleLater(server.url);
    const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;
    await using broker = new NatsBroker(server.url, options);
    const events: BrokerEvent[] = [];
    const reading = (async () => {
      for await (const event of broker.events()) events.push(event);
    })();
    broker.subscriber("double", ({ body }) => 2 * (body as number));
    await broker.start();
    assertEquals((await broker.request("double", 21)).body, 42);
    await server.kill();
    await server.restart();
    const isBack = () => events.filter(({ type }) => type === "connected").length === 2;
    await until("the broker must come back", isBack);
    assertEquals((await broker.request("double", 4)).body, 8);
    await broker.stop();
    await reading;
    const [error, ...others] = events.flatMap((event) => event.type === "error" ? event.error : []);
    assertMatch(error!.message, /the NATS client says it is \S+, and does not use its "flush"/);
    assertEquals(others, []);
  },
);
