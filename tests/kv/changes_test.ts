import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { ConnectionError, NatsRouter, TimeoutError } from "@signalbox/nats";
import { type Change, EntryError, keyOf, kv, NotFoundError } from "@signalbox/nats/kv";
import { onEveryJetStream } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { aNumber } from "../support/schemas.ts";

type Told = readonly [key: string, kind: string, value: unknown, isInitial: boolean];

function told({ key, kind, value, isInitial }: Change): Told {
  return [key, kind, value, isInitial];
}

onEveryJetStream(
  "Changes give a handler what is there, and then what changes, with its parameters",
  async (server) => {
    const broker = server.broker();
    const prices = kv(broker, "prices", { declare: "create", schema: aNumber });
    await broker.start();
    const tea = keyOf("{region}.{item}", { region: "eu", item: "green tea" });
    await prices.put(tea, 4);
    await prices.put("us.tea", 5);
    await prices.put("us.tea.old", 5);

    const other = server.broker();
    const router = new NatsRouter();
    const seen: unknown[] = [];
    let initial = 0;
    const changes = prices.changes("{region}.{item}", { onInitial: () => initial = seen.length });
    router.subscriber(changes, ({ params, change, body, pattern, subject }) => {
      assertType<IsExact<typeof params, { readonly region: string; readonly item: string }>>(true);
      if (change.kind === "put") assertType<IsExact<typeof change.value, number>>(true);
      assertType<IsExact<typeof body, number | undefined>>(true);
      assertEquals(pattern, "$KV.prices.{region}.{item}");
      assertEquals(subject, `$KV.prices.${change.key}`);
      seen.push([{ ...params }, change.kind, change.value, body, change.isInitial]);
    });
    other.include(router);
    await other.start();
    await until("all that was there is handled", () => initial > 0);
    assertEquals(initial, 2);
    await prices.delete("us.tea");
    await prices.put("us.milk", 7);
    await until("all is handled", () => seen.length === 4);
    assertEquals(seen, [
      [{ region: "eu", item: "green tea" }, "put", 4, 4, true],
      [{ region: "us", item: "tea" }, "put", 5, 5, true],
      [{ region: "us", item: "tea" }, "delete", undefined, undefined, false],
      [{ region: "us", item: "milk" }, "put", 7, 7, false],
    ]);
  },
);

onEveryJetStream(
  "Changes run the handlers of one key one after the other, and those of others side by side",
  async (server) => {
    const broker = server.broker();
    const counts = kv<number>(broker, "counts", { declare: "create", history: 64 });
    const running = new Map<string, number>();
    const order = new Map<string, number[]>();
    const sideBySide = Promise.withResolvers<void>();
    let most = 0;
    let handled = 0;
    const changes = counts.changes("{key}", { updatesOnly: true });
    broker.subscriber(changes, { concurrency: 4 }, async ({ change: { key, value } }) => {
      running.set(key, (running.get(key) ?? 0) + 1);
      assertEquals(running.get(key), 1);
      const atOnce = [...running.values()].reduce((sum, each) => sum + each);
      most = Math.max(most, atOnce);
      if (atOnce > 1) sideBySide.resolve();
      order.set(key, [...order.get(key) ?? [], value!]);
      // the first one waits for another, as it may be over before a slow program has put the next
      await Promise.all([sideBySide.promise, delay(1)]);
      running.set(key, 0);
      handled++;
    });
    await broker.start();
    for (let count = 0; count < 12; count++) {
      for (const key of ["a", "b", "c"]) await counts.put(key, count);
    }
    await until("all are handled", () => handled === 36);
    const all = Array.from({ length: 12 }, (_, at) => at);
    assertEquals([...order.values()], [all, all, all]);
    assert(most > 1 && most <= 4, `${most} at a time`);
  },
);

onEveryJetStream(
  "Changes go on behind a handler that throws, and behind a value that cannot be read",
  async (server) => {
    const broker = server.broker();
    const numbers = kv(broker, "numbers", { declare: "create", schema: aNumber });
    const any = kv(broker, "numbers", { declare: "leave" });
    const seen: unknown[] = [];
    broker.subscriber(numbers.changes("{key}"), ({ change }) => {
      seen.push(change.value);
      if (change.value === 1) throw new Error("not this one");
    });
    const errors: Error[] = [];
    const listening = (async () => {
      for await (const event of broker.events()) {
        if (event.type === "error") errors.push(event.error);
      }
    })();
    await broker.start();
    await numbers.put("a", 1);
    const revision = await any.put("b", "no number");
    await numbers.put("c", 3);
    await until("the last is handled", () => seen.includes(3));
    assertEquals(seen, [1, 3]);
    await broker.stop();
    await listening;
    assertEquals(
      errors.map(({ message }) => message.slice(0, 60)),
      [
        "not this one",
        'Cannot read "b" of the bucket "numbers" at revision 2 as its value must be',
      ].map((message) => message.slice(0, 60)),
    );
    const [, unread] = errors;
    assert(unread instanceof EntryError);
    assertEquals([unread.key, unread.revision], ["b", revision]);
  },
);

onEveryJetStream(
  "ChangeReader reads what is there and what changes, and tells when it has all",
  async (server) => {
    const broker = server.broker();
    const prices = kv<number>(broker, "prices", { declare: "create", history: 5 });
    await broker.start();
    await prices.put("eu.tea", 4);
    await prices.put("eu.tea", 5);
    await prices.put("us.tea", 6);
    await using reader = await prices.changes("{region}.tea").open();
    let hasAll = false;
    reader.initial.then((all) => hasAll = all);
    const first = (await reader.next())!;
    const { region } = first.params;
    assertEquals([told(first.change), region, first.body], [
      ["eu.tea", "put", 5, true],
      "eu",
      5,
    ]);
    await delay(20);
    assertEquals(hasAll, false);
    assertEquals(told((await reader.next())!.change), ["us.tea", "put", 6, true]);
    assertEquals(await reader.initial, true);
    await assertRejects(() => reader.next({ timeout: 20 }), TimeoutError);
    await prices.purge("us.tea");
    assertEquals(told((await reader.next())!.change), ["us.tea", "purge", undefined, false]);
    await reader.close();
    assertEquals([await reader.closed, await reader.next(), reader.dropped], [
      "cancelled",
      undefined,
      0,
    ]);
  },
);

onEveryJetStream(
  "ChangeReader tells an empty bucket at once that it has all",
  async (server) => {
    const broker = server.broker();
    const prices = kv(broker, "prices", { declare: "create" });
    let initial = false;
    broker.subscriber(prices.changes(">", { onInitial: () => initial = true }), () => {});
    await broker.start();
    await using reader = await prices.changes("eu.*").open();
    assertEquals(await reader.initial, true);
    await until("a handler is told, too", () => initial);
    await using short = await prices.changes().open();
    await short.close();
    assertEquals(await short.initial, true);
    await broker.stop();
    assertEquals(await reader.closed, "connection");
    assertEquals(await reader.next(), undefined);
  },
);

onEveryJetStream("Changes begin where their options say", async (server) => {
  const broker = server.broker();
  const prices = kv<number>(broker, "prices", { declare: "create", history: 5 });
  await broker.start();
  const revisions = [];
  for (const value of [1, 2, 3]) revisions.push(await prices.put("a", value));
  const some = async (options: Parameters<typeof prices.changes>[1]) => {
    await using reader = await prices.changes(">", options).open();
    await prices.put("b", 9);
    const seen = [];
    for await (const { body, change } of reader) {
      if (change.key === "b" && !change.isInitial) break;
      if (change.key === "a") seen.push(body);
    }
    return seen;
  };
  assertEquals(await some({}), [3]);
  assertEquals(await some({ updatesOnly: true }), []);
  assertEquals(await some({ history: true }), [1, 2, 3]);
  assertEquals(await some({ after: revisions[0]! }), [2, 3]);
  const wrong = (options: object) =>
    assertThrows(() => prices.changes(">", options), TypeError).message;
  assertEquals([wrong({ updatesOnly: true, history: true }), wrong({ after: -1 })], [
    'Cannot follow the changes of a bucket as at most one of "updatesOnly", "history" and "after" must be given: 2 are',
    'Cannot follow the changes of a bucket as "after" must be a whole number of 0 or more: -1',
  ]);
});

onEveryJetStream(
  "A loop over changes begins them, and ends them when it is left",
  async (server) => {
    const broker = server.broker();
    const prices = kv<number>(broker, "prices", { declare: "create" });
    await broker.start();
    for (let at = 0; at < 500; at++) await prices.put(`k.${at}`, at);
    const seen = [];
    for await (const { change } of prices.changes("k.{at}")) {
      seen.push(change.value);
      if (seen.length === 500) break;
    }
    assertEquals(seen, Array.from({ length: 500 }, (_, at) => at));
    const all = [];
    const ending = new AbortController();
    const reader = await prices.changes().open({ signal: ending.signal });
    for await (const body of reader.readable) {
      all.push(body);
      if (all.length === 500) ending.abort();
    }
    assertEquals(await reader.closed, "cancelled");
  },
);

onEveryJetStream(
  "Changes of a bucket that is missing fail the start, which may be tried again",
  async (server) => {
    const broker = server.broker();
    const maker = server.broker();
    await maker.start();
    const prices = kv<number>(broker, "prices");
    const seen: unknown[] = [];
    broker.subscriber(prices.changes(), ({ body }) => void seen.push(body));
    await assertRejects(() => broker.start(), NotFoundError, 'the bucket "prices"');
    await assertRejects(() => prices.changes().open(), NotFoundError);
    await kv(maker, "prices", { declare: "create" }).put("a", 1);
    await broker.start();
    await until("it is handled", () => seen.length === 1);
  },
);

onEveryJetStream(
  "Changes that cannot be read say so, and the end of their loop does not fail, too",
  async (server) => {
    const broker = server.broker();
    const nothing = kv(broker, "nothing", { declare: "leave" });
    const early = nothing.changes()[Symbol.asyncIterator]();
    await assertRejects(() => early.next(), ConnectionError, "call connect() or start() first");
    // Array.fromAsync() of the engine would never give the process a turn again
    assertEquals(await early.return?.(), { done: true, value: undefined });
    await broker.connect();
    await assertRejects(() => Array.fromAsync(nothing.changes()), NotFoundError);
  },
);
