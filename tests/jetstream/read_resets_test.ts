import { assert, assertEquals, assertRejects } from "@std/assert";
import { NotFoundError } from "@signalbox/nats/jetstream";
import { delay } from "../support/delay.ts";
import { Interrupted } from "../support/jetstream/interrupted.ts";
import { errorsIn } from "../support/recorded.ts";
import { until } from "../support/nats_server/until.ts";
import {
  OrderedRead,
  type OrderedReadOptions,
  type StoredMessage,
} from "../support/jetstream/internals.ts";

const STREAM = { name: "A", subjects: ["a.*"], storage: "file" } as const;
const RESETS = 20;
/** nats-server drops a request that arrives as its consumer is deleted: ten seconds of silence tell. */
const PATIENT = { timeout: 30_000 };

/** Reads on in the background, and keeps what came. */
function reading(read: OrderedRead): StoredMessage[] {
  const seen: StoredMessage[] = [];
  void (async () => {
    for (let message; (message = await read.next());) seen.push(message);
  })();
  return seen;
}

const numbersOf = (seen: readonly StoredMessage[]) => seen.map(({ seq }) => seq);
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

/** Interrupts a read while messages are stored, some of them while nothing can read them; gives the last number. */
async function interrupted(test: Interrupted, seen: readonly StoredMessage[]): Promise<number> {
  let last = 0;
  for (let i = 0; i < RESETS; i++) {
    if (i % 5 === 4) {
      await test.server.kill();
      await delay(20);
      await test.server.restart();
    } else if (i % 2) test.proxy.cut();
    else await test.deleteConsumers("A");
    for (let n = 0; n < 10; n++) last = await test.writer.store(`a.${n % 4}`, `${i}-${n}`);
    await until("all must come", () => seen.at(-1)?.seq === last, PATIENT);
  }
  return last;
}

async function startedWith(old: number): Promise<Interrupted> {
  const test = await Interrupted.start();
  await test.writer.create(STREAM);
  for (let i = 0; i < old; i++) await test.writer.store(`a.${i % 4}`, `old${i}`);
  return test;
}

const PLACES: readonly (readonly [string, () => Partial<OrderedReadOptions>, number])[] = [
  ["first", () => ({}), 1],
  ["new", () => ({ from: "new" }), 13],
  ["a number", () => ({ from: { seq: 9 } }), 9],
  ["a time", () => ({ from: { time: new Date() } }), 13],
  ["the last of each subject", () => ({ from: "last-per-subject" }), 9],
  ["the last one", () => ({ from: "last" }), 12],
];

for (const [name, options, first] of PLACES) {
  Deno.test(`OrderedRead from ${name} gives each message once over ${RESETS} resets`, async () => {
    await using test = await startedWith(12);
    await delay(5);
    const read = new OrderedRead(test.reader.api, { stream: "A", ...options() });
    await read.ready;
    const seen = reading(read);
    await until("the old ones must come", () => seen.length === 13 - first);
    const last = await interrupted(test, seen);
    assertEquals(numbersOf(seen), range(first, last));
    assertEquals(read.resets, RESETS);
    await read.close();
  });
}

Deno.test("OrderedRead from new gives nothing old where resets come before the first message", async () => {
  await using test = await startedWith(12);
  await delay(5);
  const options = [{ from: "new" }, { from: { time: new Date() } }] as const;
  const reads = options.map((each) => new OrderedRead(test.reader.api, { stream: "A", ...each }));
  await Promise.all(reads.map((read) => read.ready));
  const seen = reads.map(reading);
  for (let i = 0; i < 4; i++) {
    await test.replace("A", () => i % 2 ? test.proxy.cut() : test.deleteConsumers("A"));
  }
  await test.writer.store("a.1", "new");
  await until("both must come", () => seen.every(({ length }) => length > 0), PATIENT);
  assertEquals(seen.map(numbersOf), [[13], [13]]);
  await Promise.all(reads.map((read) => read.close()));
});

Deno.test("OrderedRead of the last of each subject is exact where it is interrupted among them", async () => {
  await using test = await Interrupted.start();
  await test.writer.create(STREAM);
  const count = 200;
  for (const body of ["old", "last"]) {
    for (let i = 0; i < count; i++) await test.writer.store(`a.${i}`, body);
  }
  // one of them is the last but of an older number
  await test.writer.store("a.7", "last");
  const options = { stream: "A", from: "last-per-subject", maxBytes: 400 } as const;
  const read = new OrderedRead(test.reader.api, options);
  assertEquals(await read.ready, { pending: count });
  const seen: StoredMessage[] = [];
  for (let i = 0; i < 120; i++) {
    seen.push((await read.next(PATIENT))!);
    if (i % 20 === 10) {
      // of what was read, and of what was not
      for (const key of [3, 190]) await test.writer.store(`a.${key}`, `${i}a`, `${i}b`);
      await test.deleteConsumers("A");
    }
  }
  const last = 2 * count + 1 + 6 * 4;
  while (seen.at(-1)!.seq < last) seen.push((await read.next(PATIENT))!);
  const wanted = [...range(count + 1, 2 * count), 2 * count + 1].filter((seq) =>
    seq !== count + 8 && seq !== count + 191
  );
  assertEquals(numbersOf(seen), [...wanted, ...range(2 * count + 2, last)]);
  await read.close();
});

Deno.test("OrderedRead until now is whole over resets, and holds nothing later", async () => {
  await using test = await startedWith(400);
  const read = new OrderedRead(test.reader.api, { stream: "A", until: "now", maxBytes: 500 });
  const seen: number[] = [];
  for (let message; (message = await read.next(PATIENT));) {
    seen.push(message.seq);
    if (seen.length % 50 !== 25) continue;
    await test.writer.store("a.1", "later");
    if (seen.length % 100 === 25) test.proxy.cut();
    else await test.deleteConsumers("A");
  }
  assertEquals(seen, range(1, 400));
  assert(read.resets >= 4, `${read.resets} resets`);
});

Deno.test("OrderedRead goes on with a stream that was deleted and made again, and says so", async () => {
  await using test = await startedWith(3);
  const seen: (number | string)[] = [];
  const options = { stream: "A", replaced: () => seen.push("replaced") };
  const read = new OrderedRead(test.reader.api, options);
  const whole = new OrderedRead(test.reader.api, { stream: "A", until: "now", maxBytes: 150 });
  await whole.ready;
  const next = async () => seen.push((await read.next({ timeout: 20_000 }))!.seq);
  for (let i = 0; i < 3; i++) await next();
  await test.writer.api.call("STREAM.DELETE.A");
  // some servers say nothing, and then their silence must be noticed
  const isTold = () => errorsIn(test.events).length > 0;
  await until("it must be reported", isTold, { timeout: 20_000 });
  await test.writer.create(STREAM);
  await test.writer.store("a.1", "x", "y");
  for (let i = 0; i < 2; i++) await next();
  assertEquals(seen, [1, 2, 3, "replaced", 1, 2]);
  await read.close();
  await assertRejects(
    async () => {
      while (await whole.next({ timeout: 20_000 }));
    },
    NotFoundError,
    "to its end",
  );
  assertEquals(errorsIn(test.events).length, 1);
});

Deno.test("OrderedRead goes on long before ten seconds of silence after its consumer was deleted by hand", async () => {
  await using test = await startedWith(1);
  const read = new OrderedRead(test.reader.api, { stream: "A", from: "new" });
  await read.ready;
  for (let i = 0; i < 3; i++) {
    // a request that arrives as its consumer is deleted is lost
    await until("the consumer must be pulled from", () => test.isPulled("A"));
    await test.deleteConsumers("A");
    await test.writer.store("a.1", i);
    const message = await read.next({ timeout: 8_000 });
    assertEquals(message?.seq, 2 + i);
  }
  await read.close();
});

Deno.test("OrderedRead has the first message within a second after a crash of the server", async () => {
  await using test = await startedWith(1);
  const read = new OrderedRead(test.reader.api, { stream: "A", from: "new" });
  await read.ready;
  const back = Promise.withResolvers<number>();
  test.reader.access.onConnection((state) => state === "back" && back.resolve(performance.now()));
  await test.crash();
  await test.writer.store("a.1", "new");
  const at = await back.promise;
  assertEquals((await read.next({ timeout: 8_000 }))?.seq, 2);
  // a second, and four more for a busy machine: half of a silence that is noticed
  assert(performance.now() - at < 5_000, `${performance.now() - at} ms`);
  await read.close();
});

Deno.test("OrderedRead finds a half-open socket within two heartbeats of five seconds", async () => {
  await using test = await startedWith(1);
  const read = new OrderedRead(test.reader.api, { stream: "A", from: "new" });
  await read.ready;
  await test.writer.store("a.1", "x");
  await read.next({ timeout: 8_000 });
  const lost = Promise.withResolvers<number>();
  test.reader.access.onConnection((state) => state === "lost" && lost.resolve(performance.now()));
  const began = performance.now();
  test.proxy.stall();
  await test.writer.store("a.1", "new");
  const took = await lost.promise - began;
  // and three more seconds for a busy machine, which is less than a third heartbeat
  assert(took < 13_000, `${took} ms`);
  test.proxy.resume();
  assertEquals((await read.next({ timeout: 8_000 }))?.seq, 3);
  await read.close();
});
