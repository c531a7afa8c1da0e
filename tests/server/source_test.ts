import { type Middleware, NatsBroker, NatsRouter } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assertEquals, assertThrows } from "@std/assert";
import { source } from "../../src/door/mod.ts";
import { assertType, type IsExact } from "@std/testing/types";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { aNumber } from "../support/schemas.ts";
import { batches } from "../support/sources/batch_source.ts";
import { JobQueue } from "../support/sources/job_queue.ts";
import { GiveUp, jobs } from "../support/sources/job_source.ts";

/** A queue of jobs, and a broker for those who work on them. */
async function workshop(server: Backend) {
  const master = server.broker();
  const queue = new JobQueue(master, "shop");
  await master.start();
  return { queue, broker: server.broker(), master };
}

onEveryServer(
  "NatsBroker.subscriber() takes a source: its handler gets what the source adds, and its value is settled",
  async (server) => {
    const { queue, broker } = await workshop(server);
    const seen: unknown[] = [];
    broker.subscriber(jobs("shop", "jobs.{kind}.{id}"), ({ body, params, job, subject }) => {
      assertType<IsExact<typeof params, { readonly kind: string; readonly id: string }>>(true);
      assertType<IsExact<typeof job.attempt, number>>(true);
      seen.push([body, params, job, subject]);
    });
    await broker.start();
    await queue.add("jobs.print.7", { pages: 2 });
    assertEquals(await queue.settled(1), ["1 +ACK"]);
    const job = { attempt: 1 };
    assertEquals(seen, [[{ pages: 2 }, { kind: "print", id: "7" }, job, "jobs.print.7"]]);
  },
);

onEveryServer(
  "A source settles failures: a job comes again after its delay, and is given up after its attempts",
  async (server) => {
    const { queue, broker } = await workshop(server);
    const attempts: number[] = [];
    broker.subscriber(jobs("shop", "jobs.{id}", { attempts: 3 }), ({ params, job }) => {
      attempts.push(job.attempt);
      if (params.id === "once" && job.attempt === 2) return;
      if (params.id === "never") throw new GiveUp("no");
      throw new Error("again");
    });
    const errors = broker.events();
    await broker.start();
    await queue.add("jobs.once", 1);
    assertEquals(await queue.settled(1), ["1 +ACK"]);
    await queue.add("jobs.always", 1);
    assertEquals((await queue.settled(2))[1], "2 +TERM");
    await queue.add("jobs.never", 1);
    assertEquals((await queue.settled(3))[2], "3 +TERM");
    assertEquals(attempts, [1, 2, 1, 2, 3, 1]);
    await errors.return!();
  },
);

onEveryServer(
  "Schema, filter and middleware work on a source as on a subject",
  async (server) => {
    const { queue, broker } = await workshop(server);
    const notes: unknown[] = [];
    const noting: Middleware = async ({ body, state, subject }, next) => {
      (state as { user?: string }).user = "ada";
      const value = await next();
      notes.push([subject, body, value]);
      return value;
    };
    broker.use(noting);
    const from = jobs("shop", "jobs.{id}", { attempts: 1 });
    const isFirst = ({ params }: { params: Readonly<Record<string, string>> }) => params.id === "a";
    broker.subscriber(from, { schema: aNumber, filter: isFirst }, ({ body, state, job }) => {
      const number: number = body;
      return [number + 1, state.user, job.attempt];
    });
    broker.subscriber(from, () => "other");
    await broker.start();
    await queue.add("jobs.a", 1);
    await queue.settled(1);
    await queue.add("jobs.b", "text");
    await queue.settled(2);
    await queue.add("jobs.a", "not a number");
    assertEquals(await queue.settled(3), ["1 +ACK", "2 +ACK", "3 +TERM"]);
    assertEquals(notes, [["jobs.a", 1, [2, "ada", 1]], ["jobs.b", "text", "other"]]);
  },
);

onEveryServer(
  "A source asks for as many as are free: concurrency is the most that is out",
  async (server) => {
    const { queue, broker } = await workshop(server);
    let running = 0;
    let most = 0;
    broker.subscriber(jobs("shop", "jobs.{id}"), { concurrency: 2 }, async () => {
      most = Math.max(most, ++running);
      await delay(5);
      running--;
    });
    await broker.start();
    for (let id = 0; id < 9; id++) await queue.add(`jobs.${id}`, id);
    assertEquals((await queue.settled(9)).length, 9);
    assertEquals([most, queue.mostOut <= 3], [2, true]);
  },
);

onEveryServer(
  "stop() lets the handlers of a source finish, and gives back at once what waits to be tried again",
  async (server) => {
    const { queue, broker } = await workshop(server);
    const began = Promise.withResolvers<void>();
    const from = jobs("shop", "jobs.{id}", { retryAfter: 60_000 });
    broker.subscriber(from, async ({ params }) => {
      if (params.id === "failing") throw new Error("again");
      began.resolve();
      await delay(50);
    });
    await broker.start();
    await queue.add("jobs.failing", 1);
    await queue.add("jobs.slow", 2);
    await began.promise;
    await broker.stop();
    assertEquals([...await queue.settled(2)].sort(), ["1 -NAK", "2 +ACK"]);
  },
);

onEveryServer("stop() gives back at its deadline what still runs", async (server) => {
  const { queue, broker } = await workshop(server);
  const began = Promise.withResolvers<void>();
  broker.subscriber(jobs("shop", "jobs.{id}"), ({ signal }) => {
    began.resolve();
    return new Promise((resolve) => signal.addEventListener("abort", resolve));
  });
  await broker.start();
  await queue.add("jobs.1", 1);
  await began.promise;
  await broker.stop({ timeout: 200 });
  assertEquals(await queue.settled(1), ["1 -NAK"]);
});

onEveryServer("permissions() has what a source needs, and no more", async (server) => {
  const broker = server.broker({ inboxPrefix: "_SHOP" });
  broker.subscriber(jobs("shop", "jobs.{id}"), () => {});
  broker.subscriber(batches("b", "readings.{id}", { max: 2, within: 10 }), () => {});
  const { publish, subscribe } = broker.permissions();
  assertEquals(publish, ["b.told.*", "shop.ack.*", "shop.next"]);
  assertEquals(subscribe, ["_SHOP.>", "readings.*"]);
  await broker.stop();
});

onEveryServer(
  "The description of a broker has its sources, and its stats their counts",
  async (server) => {
    const { queue, broker } = await workshop(server);
    broker.subscriber(jobs("shop", "jobs.{id}", { attempts: 5 }), () => {});
    broker.subscriber("plain.{id}", () => {});
    broker.subscriber(jobs("other", "jobs.{id}"), () => {});
    const { handlers, sources } = broker.describe();
    assertEquals(handlers.map(({ pattern, source }) => [pattern, source]), [
      ["jobs.{id}", "shop"],
      ["plain.{id}", undefined],
      ["jobs.{id}", "other"],
    ]);
    assertEquals(sources, [
      { name: "shop", pattern: "jobs.{id}", details: { attempts: 5 } },
      { name: "other", pattern: "jobs.{id}", details: { attempts: 3 } },
    ]);
    await broker.start();
    await queue.add("jobs.1", 1);
    await queue.settled(1);
    await until("the job is counted", () => broker.stats().handlers[0]?.handled === 1);
    const counts = { queue: undefined, dropped: 0, pending: 0 };
    assertEquals(broker.stats().handlers, [
      { ...counts, pattern: "jobs.{id}", source: "shop", handled: 1 },
      { ...counts, pattern: "plain.{id}", source: undefined, handled: 0 },
      { ...counts, pattern: "jobs.{id}", source: "other", handled: 0 },
    ]);
  },
);

onEveryServer(
  "A source is a plain value: a router holds it, and two brokers open it, each with its own state",
  async (server) => {
    const { queue, broker } = await workshop(server);
    const other = server.broker();
    const from = jobs("shop", "jobs.{id}");
    const seen = new Set<string>();
    for (const [name, each] of [["one", broker], ["other", other]] as const) {
      const router = new NatsRouter();
      router.subscriber(from, { concurrency: 1 }, async () => {
        seen.add(name);
        await delay(10);
      });
      each.include(router, { prefix: "v1." });
      await each.start();
    }
    for (let id = 0; id < 6; id++) await queue.add(`jobs.${id}`, id);
    assertEquals((await queue.settled(6)).length, 6);
    assertEquals([...seen].sort(), ["one", "other"]);
    await other.stop();
    await queue.add("jobs.again", 7);
    assertEquals((await queue.settled(7)).length, 7);
  },
);

Deno.test("A source learns of a lost connection and of its return, and asks anew", async () => {
  await using server = await EmbeddedServer.start();
  const master = new NatsBroker(server.url, { logger: false, reconnect: { minDelay: 1 } });
  const queue = new JobQueue(master, "shop");
  await master.start();
  const broker = new NatsBroker(server.url, { logger: false, reconnect: { minDelay: 1 } });
  broker.subscriber(jobs("shop", "jobs.{id}"), { concurrency: 1 }, () => {});
  await broker.start();
  await queue.add("jobs.1", 1);
  await queue.settled(1);
  server.disconnect();
  await master.ping();
  await broker.ping();
  for (let id = 2; id < 5; id++) await queue.add(`jobs.${id}`, id);
  assertEquals(await queue.settled(4), ["1 +ACK", "2 +ACK", "3 +ACK", "4 +ACK"]);
  await broker.stop();
  await master.stop();
});

onEveryServer("A source is opened again by a start that follows a stop", async (server) => {
  const { queue, broker } = await workshop(server);
  const subscriber = broker.subscriber(jobs("shop", "jobs.{id}"), () => {});
  await broker.start();
  await queue.add("jobs.1", 1);
  await queue.settled(1);
  await broker.stop();
  await broker.start();
  await queue.add("jobs.2", 2);
  assertEquals(await queue.settled(2), ["1 +ACK", "2 +ACK"]);
  assertEquals(subscriber.counts.handled, 2);
});

onEveryServer(
  "A source of batches gives its handler a list, and settles each message",
  async (server) => {
    const [broker, sender] = [server.broker(), server.broker()];
    const told: string[] = [];
    const lists: unknown[] = [];
    const bodies: unknown[] = [];
    const from = batches("b", "readings.{room}", { max: 3, within: 60_000 });
    broker.use(({ body }, next) => {
      bodies.push(body);
      return next();
    });
    broker.subscriber(from, { schema: aNumber }, (messages) => {
      lists.push(messages.map(({ body, params, at }) => [body * 2, params.room, at]));
      messages.find(({ body }) => body === 2)?.reject();
      if (messages.some(({ body }) => body === 9)) throw new Error("no nines");
    });
    sender.subscriber("b.told.{id}", { noReply: true }, ({ params, data }) => {
      told.push(`${params.id} ${new TextDecoder().decode(data)}`);
    });
    await sender.start();
    await broker.start();
    const send = (id: number, body: unknown) =>
      sender.publish(`readings.r${id}`, body, { replyTo: `b.told.${id}` });
    const sendAll = async (first: number, ...bodies: unknown[]) => {
      for (const [at, body] of bodies.entries()) await send(first + at, body);
      await until("each must be settled", () => told.length >= first + 2);
    };
    await sendAll(1, 1, 2, 3);
    await sendAll(4, 9, 8, 7);
    await sendAll(7, "no number", 1, 1);
    assertEquals(told, [
      ...["1 done", "2 rejected", "3 done"],
      ...["4 failed", "5 failed", "6 failed"],
      ...["7 failed", "8 failed", "9 failed"],
    ]);
    assertEquals(lists, [
      [[2, "r1", 0], [4, "r2", 1], [6, "r3", 2]],
      [[18, "r4", 0], [16, "r5", 1], [14, "r6", 2]],
    ]);
    assertEquals(bodies, [[1, 2, 3], [9, 8, 7]]);
    await send(10, 6);
    await sender.flush();
    // the server has delivered it before it answers
    await broker.ping();
    await broker.stop();
    await until("the last must be settled", () => told.length >= 10);
    assertEquals(told[9], "10 done");
  },
);

onEveryServer("NatsBroker.subscriber() says what a source cannot have", async (server) => {
  const broker = server.broker();
  const from = jobs("shop", "jobs.{id}");
  const list = batches("b", "readings.{id}", { max: 2, within: 10 });
  const wrong = (call: () => unknown) => assertThrows(call, TypeError).message;
  assertEquals(
    [
      wrong(() => broker.subscriber(from as never)),
      wrong(() => broker.subscriber(from, { queue: "q" }, () => {})),
      wrong(() => broker.subscriber(list, { filter: () => true }, () => {})),
      wrong(() =>
        broker.subscriber(from, async function* () {
          yield await Promise.resolve(1);
        })
      ),
    ],
    [
      'Cannot subscribe to "shop" as a source must have a handler',
      'Cannot subscribe to "shop" as "queue" must be an option of a subject: it is a source',
      'Cannot subscribe to "b" as "filter" must be an option of single messages: it is a source',
      'Cannot subscribe to "shop" as its handler must not yield parts',
    ],
  );
  await broker.stop();
});

onEveryServer(
  "A source may give its messages their parameters and bodies itself, and has what it was given besides",
  async (server) => {
    const broker = server.broker();
    const besides = { title: "names, decoded" };
    const names = source<
      { pattern: "names.{name}"; besides: object; batch: false },
      typeof besides
    >(
      "names",
      {
        pattern: "names.{name}",
        needs: {},
        open: (sink, access) => ({
          ready: () => {
            const data = access.encode(7).data;
            const read = { params: { name: "a.b" }, decoded: { body: access.decode(data, "a/b") } };
            sink.take({ subject: "names.x", replyTo: "", data, headerBlock: undefined, ...read });
          },
          stop: () => Promise.resolve(),
          settle: () => {},
        }),
      },
      besides,
    );
    const seen: unknown[] = [];
    broker.subscriber(names, { concurrency: 1 }, ({ params, body }) => {
      seen.push(params, body);
    });
    await broker.start();
    await until("it is handled", () => seen.length > 0);
    assertEquals(names.title, "names, decoded");
    assertEquals(seen, [{ name: "a.b" }, new Uint8Array([0x37])]);
  },
);
