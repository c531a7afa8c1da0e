import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  consumer,
  type ConsumerOptions,
  type Declare,
  DifferenceError,
  stream,
} from "../../src/jetstream/mod.ts";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { jetstream: true, since: "2.15" } as const;
const QUEUE = "ORDERS~work";
const KEYS = ["0", "1", "2", "3", "4", "5"];

/** Starts a worker; `seen` gets the bodies that it handles. */
async function working(
  server: Backend,
  seen: unknown[],
  declare: Declare = "create",
  options: ConsumerOptions = {},
) {
  const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare });
  const broker = server.broker();
  const errors = errorsOf(broker);
  const work = consumer(
    orders,
    "work",
    { ackWait: "1s", ...options, key: "id", partitions: 2 } as object,
  );
  broker.subscriber(work, ({ body }) => void seen.push(body));
  await broker.start();
  return { broker, errors };
}

/** Stores the next messages, one of each key. */
async function put(shop: Workshop, from: number): Promise<number[]> {
  const bodies = KEYS.map((_, at) => from + at);
  for (const [at, body] of bodies.entries()) await shop.store(`orders.${KEYS[at]}`, body);
  return bodies;
}

onEveryServer(
  "consumer() with partitions makes its deleted stream again, goes on where it was, and says so once",
  async (server) => {
    const shop = await Workshop.at(server);
    const seen: unknown[] = [];
    const workers = [await working(server, seen)];
    for (let round = 0; round < 5; round++) await put(shop, 6 * round);
    await until("all must be handled", () => seen.length === 30);
    await shop.emptied(QUEUE);
    await shop.api.call(`STREAM.DELETE.${QUEUE}`);
    const later = await put(shop, 30);
    await until("the others must be handled", () => later.every((body) => seen.includes(body)));
    // the last message of each partition may not be known to be settled
    const again = seen.slice(30).filter((body) => (body as number) < 30);
    assert(again.every((body) => (body as number) >= 24), `handled again: ${again}`);
    const [error, ...more] = workers[0]!.errors;
    assert(error?.startsWith('Cannot go on with the consumer "work" of "ORDERS"'), error);
    assertEquals(more, []);
    for (const declare of ["create", "update", "verify"] as const) {
      workers.push(await working(server, seen, declare));
      const other = () => working(server, [], declare, { from: { seq: 2 } });
      await assertRejects(other, DifferenceError);
    }
    const last = await put(shop, 36);
    await until("the last must be handled", () => last.every((body) => seen.includes(body)));
  },
  NEEDS,
);

onEveryServer(
  "workers with partitions make their deleted stream again together, and miss no message",
  async (server) => {
    const shop = await Workshop.at(server);
    const seen: unknown[] = [];
    const workers = [await working(server, seen), await working(server, seen)];
    for (let round = 0; round < 4; round++) {
      const bodies = await put(shop, 6 * round);
      await until("they must be handled", () => bodies.every((body) => seen.includes(body)));
    }
    await shop.api.call(`STREAM.DELETE.${QUEUE}`);
    const later = await put(shop, 24);
    await until("the others must be handled", () => later.every((body) => seen.includes(body)));
    // a worker that had no message of some partition says that it cannot do it
    const told = workers.flatMap(({ errors }) => errors).filter((error) =>
      /from number/.test(error)
    );
    assertEquals(told.length, 1);
  },
  NEEDS,
);

onEveryServer(
  "consumer() with partitions reports again and again that its stream is deleted if it does not know where the work stood",
  async (server) => {
    const shop = await Workshop.at(server);
    const seen: unknown[] = [];
    const { errors } = await working(server, seen);
    await shop.api.call(`STREAM.DELETE.${QUEUE}`);
    await put(shop, 0);
    // at the first and the tenth attempt, for each partition
    await until("it must be told", () => errors.length >= 4, { timeout: 60_000 });
    const start = 'Cannot go on with the consumer "work" of "ORDERS"';
    const told = errors.filter((each) => each.startsWith(start) && each.includes("another name"));
    // at the first attempt, the server may still be deleting the stream
    assert(told.length >= 2, errors.join("\n"));
    assertEquals(seen, []);
    await assertRejects(() => shop.stream(QUEUE));
  },
  NEEDS,
);

onEveryServer(
  "consumer() with partitions that stops does not make its deleted stream again",
  async (server) => {
    const shop = await Workshop.at(server);
    const seen: unknown[] = [];
    // no timer of the wait may be left at the end of this test
    const { broker, errors } = await working(server, seen, "create", { ackWait: "1h" });
    await put(shop, 0);
    await until("all must be handled", () => seen.length === 6);
    await shop.api.call(`STREAM.DELETE.${QUEUE}`);
    await delay(200);
    await broker.stop();
    assertEquals(errors, []);
    await assertRejects(() => shop.stream(QUEUE));
  },
  NEEDS,
);
