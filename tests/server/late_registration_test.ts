import { type BrokerEvent, type NatsBroker, NatsRouter } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { register } from "../../src/door/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";

function complaints(broker: NatsBroker): () => Promise<string[]> {
  const events: BrokerEvent[] = [];
  const listening = (async () => {
    for await (const event of broker.events()) events.push(event);
  })();
  return async () => {
    await delay(20);
    await broker.stop();
    await listening;
    return events.flatMap((event) => event.type === "error" ? [event.error.message] : []);
  };
}

onEveryServer(
  "NatsBroker.subscriber() after start() has an error event where the subscriber is not started by itself",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    const told = complaints(broker);
    broker.subscriber("late.{id}", () => {});
    broker.subscriber("read.late");
    const router = new NatsRouter();
    router.subscriber("included", () => {});
    broker.include(router, { prefix: "v1." });
    const sentence = (pattern: string) =>
      `The subscriber of "${pattern}" was registered after the broker had started: call its start()`;
    assertEquals(await told(), ["late.{id}", "read.late", "v1.included"].map(sentence));
  },
);

onEveryServer(
  "NatsBroker.subscriber() at the end of a start() has an error event where nothing starts the subscriber",
  async (server) => {
    const broker = server.broker();
    register(broker, {
      name: "registering",
      start: async () => {
        broker.subscriber("late", () => {});
        broker.subscriber("read.late");
        await broker.subscriber("own", () => {}).start();
      },
    });
    const told = complaints(broker);
    await broker.start();
    const sentence = (pattern: string) =>
      `The subscriber of "${pattern}" was registered after the broker had started: call its start()`;
    assertEquals(await told(), ["late", "read.late"].map(sentence));
  },
);

onEveryServer(
  "NatsBroker.subscriber() after start() has none where the subscriber is started",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    const told = complaints(broker);
    await broker.subscriber("late.{id}", () => {}).start();
    await using _reader = await broker.subscriber("read.late").start();
    const [one, other] = [broker.subscriber("one", () => {}), broker.subscriber("other")];
    await one.start();
    await delay(20);
    await other.start();
    const short = await broker.subscriber("short", () => {}).start();
    await short.stop();
    const shortReader = await broker.subscriber("read.short").start();
    await shortReader.stop();
    assertEquals((await broker.request("late.7")).body, undefined);
    assertEquals(await told(), []);
  },
);

onEveryServer(
  "NatsBroker.subscriber() after start() has an error event while the broker runs",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    const events = broker.events();
    broker.subscriber("late", () => {});
    const { value } = await events.next();
    assertEquals(value?.type === "error" && value.pattern, "late");
  },
);
