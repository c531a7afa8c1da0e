import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { consumer, Retry, stream } from "../../src/jetstream/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
const JETSTREAM = { jetstream: true } as const;

onEveryServer(
  "consumer() with a key handles each key's messages in order and one at a time, whatever fails",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const running = new Set<string>();
    const done = new Map<string, number[]>();
    let [together, most] = [0, 0];
    const retry = { attempts: 50, backoff: ["5ms"], jitter: 1 } as const;
    const work = consumer(orders, "work", { key: "id", retry });
    broker.subscriber(work, { concurrency: 16 }, async ({ params: { id }, body }) => {
      assert(!running.has(id), `two of ${id} at once`);
      running.add(id);
      most = Math.max(most, ++together);
      await delay(Math.random() * 2);
      together--;
      running.delete(id);
      if (Math.random() < 0.1) throw new Retry();
      done.set(id, [...done.get(id) ?? [], body as number]);
    });
    await shop.broker.request("$JS.API.STREAM.CREATE.ORDERS", {
      name: "ORDERS",
      subjects: ["orders.*.*"],
    });
    for (let at = 0; at < 500; at++) await shop.store(`orders.k${at % 20}.e`, at);
    await broker.start();
    await shop.settled("ORDERS", "work", 30_000);
    const all = [...done.values()];
    assertEquals(all.flat().length, 500);
    for (const numbers of all) assertEquals(numbers, [...numbers].sort((a, b) => a - b));
    assert(most > 4, `only ${most} keys at once`);
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() with a key holds it while its message waits for another attempt, and other keys go on",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const seen: string[] = [];
    const work = consumer(orders, "work", { key: ({ params }) => params.id! });
    const subscriber = broker.subscriber(work, { concurrency: 4 }, (message) => {
      const { params: { id, event }, delivery } = message;
      seen.push(`${id}.${event}`);
      if (`${id}.${event}` === "a.1" && delivery.attempt === 1) throw new Retry({ after: "5s" });
    });
    await broker.start();
    for (const subject of ["a.1", "a.2", "a.3", "a.4", "a.5", "a.6"]) {
      await shop.store(`orders.${subject}`, 1);
    }
    const began = performance.now();
    for (let at = 0; at < 20; at++) await shop.store(`orders.b.${at}`, 1);
    await until("the other key must go on", () => seen.length === 21);
    assertLess(performance.now() - began, 4_900);
    assertEquals(seen.filter((one) => one.startsWith("a")), ["a.1"]);
    await subscriber.received(27, { timeout: 20_000 });
    assertEquals(seen.slice(21), ["a.1", "a.2", "a.3", "a.4", "a.5", "a.6"]);
    await shop.settled("ORDERS", "work");
  },
  JETSTREAM,
);

onEveryServer(
  "consumer() lets a key go whose message does not come again",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const seen: string[] = [];
    const work = consumer(orders, "work", { key: "id" });
    broker.subscriber(work, ({ params, delivery }) => {
      seen.push(params.event);
      if (delivery.attempt === 1 && params.event === "1") throw new Retry({ after: "2s" });
    });
    await broker.start();
    const seq = await shop.store("orders.a.1", 1);
    await shop.store("orders.a.2", 2);
    await until("it must have run", () => seen.length === 1);
    await shop.api.call("STREAM.MSG.DELETE.ORDERS", { seq });
    await until("the next must go", () => seen.length === 2);
    assertEquals(seen, ["1", "2"]);
    await shop.settled("ORDERS", "work");
  },
  JETSTREAM,
);

Deno.test("consumer() says what a key must be", () => {
  const wrong = (options: object) =>
    assertThrows(() => consumer(orders, "work", options), TypeError).message;
  assertEquals(
    [wrong({ key: "nr" }), wrong({ key: [] }), wrong({ key: "id", batch: { max: 2 } })],
    [
      'Cannot make the consumer "work" as "key" must be in each pattern: "nr" in orders.{id}.{event}',
      'Cannot make the consumer "work" as "key" must be a parameter of the subject, several, or a function: [object Array]',
      'Cannot make the consumer "work" as "key" must go without "batch": both are given',
    ],
  );
});
