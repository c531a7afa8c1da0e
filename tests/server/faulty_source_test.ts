import { ConnectionError, type NatsBroker } from "@signalbox/nats";
import { assertEquals, assertRejects } from "@std/assert";
import { type Kind, type OpenSource, register, type Sink, source } from "../../src/door/mod.ts";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

/** A source that delivers when the test says so, with faults of the test's. */
function faulty(faults: Partial<OpenSource>) {
  const settled: string[] = [];
  let sink: Sink | undefined;
  const from = source<Kind & { pattern: "x.{id}"; besides: object; batch: false }>("faulty", {
    pattern: "x.{id}",
    needs: {},
    open(given) {
      sink = given;
      return {
        ready() {},
        stop: () => Promise.resolve(),
        settle: ({ origin }, { kind }) => void settled.push(`${origin} ${kind}`),
        ...faults,
      };
    },
  });
  const deliver = (id: number) => {
    const data = new TextEncoder().encode(String(id));
    sink!.take({ subject: `x.${id}`, replyTo: "", data, headerBlock: undefined, origin: id });
  };
  const deliverJunk = () => sink!.take({ subject: 5 } as never);
  return { from, settled, deliver, deliverJunk, free: () => sink!.free };
}

/** A broker whose handler waits a little. */
function served(server: Backend, { from }: ReturnType<typeof faulty>) {
  const broker = server.broker();
  const subscriber = broker.subscriber(from, () => delay(1));
  return { broker, subscriber, seen: recorded(broker) };
}

const broken = (): never => {
  throw new Error("broken");
};

for (
  const [name, faults] of Object.entries(
    {
      "throws when a place is free": { freed: broken },
      "throws behind its message": { finish: broken },
      "rejects behind its message": { finish: () => Promise.reject(new Error("broken")) },
      "cannot settle": { settle: broken },
    } satisfies Record<string, Partial<OpenSource>>,
  )
) {
  onEveryServer(`A source that ${name} is reported, and keeps no place`, async (server) => {
    const one = faulty(faults);
    const { broker, subscriber, seen } = served(server, one);
    await broker.start();
    for (let id = 1; id <= 3; id++) one.deliver(id);
    await subscriber.received(3);
    await until("every place is free", () => one.free() === 64);
    await until("each is reported", () => errorsIn(seen).length >= 3);
    assertEquals(new Set(errorsIn(seen).map(({ message }) => message)), new Set(["broken"]));
    await broker.stop({ timeout: 1_000 });
  });
}

onEveryServer(
  "A source that delivers behind its stop gets it back, and no handler runs",
  async (server) => {
    const one = faulty({});
    const { broker, subscriber } = served(server, one);
    await broker.start();
    one.deliver(1);
    await subscriber.received(1);
    await broker.stop();
    one.deliver(2);
    assertEquals(one.settled, ["1 done", "2 refused"]);
    assertEquals(subscriber.counts.handled, 1);
  },
);

onEveryServer(
  "A source whose stop never ends holds up one stop, to its deadline",
  async (server) => {
    const one = faulty({ stop: () => new Promise(() => {}) });
    const { broker } = served(server, one);
    await broker.start();
    await broker.stop({ timeout: 300 });
    const began = performance.now();
    await broker.stop({ timeout: 20_000 });
    assertEquals(performance.now() - began < 10_000, true);
  },
);

onEveryServer("NatsBroker.stop() ends a start whose source is never ready", async (server) => {
  const { broker } = served(server, faulty({ ready: () => new Promise(() => {}) }));
  const starting = assertRejects(() => broker.start(), ConnectionError, "before it had started");
  await until("it is connected", () => broker.ping().then(() => true, () => false));
  await broker.stop({ timeout: 1_000 });
  await starting;
});

onEveryServer("NatsBroker.stop() ends a start whose door never starts", async (server) => {
  const broker: NatsBroker = server.broker();
  register(broker, { name: "hanging", start: () => new Promise(() => {}) });
  const starting = assertRejects(() => broker.start(), ConnectionError, "before it had started");
  await until("it is connected", () => broker.ping().then(() => true, () => false));
  await broker.stop({ timeout: 1_000 });
  await starting;
});
