import { NatsRouter, type Schema } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { type Door, register, type Source, source } from "../../src/door/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const $schema = "https://json-schema.org/draft/2020-12/schema";

/** A schema that offers JSON Schema. */
function written(write: () => unknown): Schema {
  const jsonSchema = { input: write, output: () => ({ type: "null" }) };
  const standard = {
    version: 1,
    vendor: "test",
    validate: (value: unknown) => ({ value }),
  } as const;
  return { "~standard": { ...standard, ...{ jsonSchema } } };
}

const aText = written(() => ({ $schema, type: "string" }));
const aNumber = written(() => ({ $schema, type: "number" }));
const text = { $schema, type: "string" };
const number = { $schema, type: "number" };
const silent: Schema = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};

onEveryServer(
  "NatsBroker.describe() lists handlers, readers and publishers of all routers, with JSON Schemas",
  async (server) => {
    const broker = server.broker();
    const router = new NatsRouter();
    router.subscriber("orders.{id}", { schema: aText, replySchema: aNumber }, () => 1);
    router.subscriber(
      "log.{level}",
      { queue: "logs", schema: silent, filter: () => false },
      () => {},
    );
    router.subscriber("log.{level}", { queue: "logs", schema: aText }, () => {});
    router.session("chat.{room}", { openingSchema: aText, sendSchema: aNumber }, () => {});
    router.subscriber("news", { schema: aText });
    for (let times = 0; times < 3; times++) router.publisher("prices.{id}", { schema: aNumber });
    router.publisher("prices.{id}");
    broker.include(router, { prefix: "v1." });
    const counts = { handled: 0, dropped: 0, pending: 0 };
    const one = { ...counts, queue: undefined, source: undefined };
    assertEquals(broker.describe(), {
      server: undefined,
      handlers: [
        {
          ...one,
          pattern: "v1.orders.{id}",
          subject: "v1.orders.*",
          routes: [
            { serves: "values", isFiltered: false, schemas: { schema: text, replySchema: number } },
          ],
        },
        {
          ...one,
          pattern: "v1.log.{level}",
          subject: "v1.log.*",
          queue: "logs",
          routes: [
            { serves: "values", isFiltered: true, schemas: {} },
            { serves: "values", isFiltered: false, schemas: { schema: text } },
          ],
        },
        {
          ...one,
          pattern: "v1.chat.{room}",
          subject: "v1.chat.*",
          routes: [{
            serves: "sessions",
            isFiltered: false,
            schemas: { openingSchema: text, sendSchema: number },
          }],
        },
      ],
      readers: [
        {
          pattern: "v1.news",
          subject: "v1.news",
          queue: undefined,
          dropped: 0,
          schemas: { schema: text },
        },
      ],
      sessions: [],
      publishers: [
        { pattern: "v1.prices.{id}", schemas: { schema: number } },
        { pattern: "v1.prices.{id}", schemas: {} },
      ],
      sources: [],
      doors: [],
    });
    await broker.start();
    const { version } = broker.describe().server!;
    assertEquals(/^\d+\.\d+\.\d+/.test(version), true);
    await broker.stop();
  },
);

onEveryServer(
  "NatsBroker.stats() counts what is handled and pending, and open sessions by subject",
  async (server) => {
    const [broker, peer] = [server.broker(), server.broker()];
    const free = Promise.withResolvers<void>();
    broker.subscriber("slow", { concurrency: 1 }, () => free.promise);
    broker.session("chat.{room}", async (session) => {
      for await (const _ of session);
    });
    await broker.start();
    await peer.connect();
    const asked = [peer.request("slow"), peer.request("slow")];
    const sessions = await Promise.all(
      ["a", "b", "a"].map((room) => peer.openSession(`chat.${room}`)),
    );
    await until("both requests are there", () => broker.stats().handlers[0]?.pending === 2);
    const open = [{ subject: "chat.a", open: 2 }, { subject: "chat.b", open: 1 }];
    assertEquals(broker.stats().sessions, open);
    assertEquals(broker.describe().sessions, open);
    assertEquals(peer.stats().sessions, open);
    free.resolve();
    await Promise.all([...asked, ...sessions.map((session) => session.close())]);
    await until("the sessions have ended", () => broker.stats().sessions.length === 0);
    assertEquals(broker.stats().handlers.map(({ handled, pending }) => [handled, pending]), [
      [2, 0],
      [3, 0],
    ]);
    await Promise.all([broker.stop(), peer.stop()]);
  },
);

/** A source that says so little of itself that it cannot be described. */
function unspeaking(): Source {
  return source("mute", {
    pattern: "jobs.{id}",
    needs: {},
    get description(): never {
      throw new Error("no words");
    },
    open: () => ({ ready: () => {}, stop: () => Promise.resolve(), settle: () => {} }),
  });
}

const thrower = (): never => {
  throw new Error("no words");
};
const DOORS: readonly Door[] = [
  { name: "good", describe: () => ({ streams: 1 }), stats: () => ({ published: 1 }) },
  { name: "throwing", describe: thrower, stats: thrower },
  { name: "calling", describe: () => ({ call: () => {} }), stats: () => ({ n: "1" as never }) },
  {
    name: "later",
    describe: () => Promise.reject(new Error("later")) as never,
    stats: () => Promise.reject(new Error("later")) as never,
  },
];

onEveryServer(
  "NatsBroker.describe() and stats() leave out and report a door, a source and a schema that fail",
  async (server) => {
    const broker = server.broker();
    const seen = recorded(broker);
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    broker.subscriber("a", { schema: aText, replySchema: written(thrower) }, () => 1);
    broker.subscriber("b", { schema: written(() => cycle) });
    broker.subscriber(unspeaking(), () => {});
    for (const door of DOORS) register(broker, door);
    await broker.connect();
    const { handlers, readers, sources, doors } = broker.describe();
    assertEquals(handlers.map(({ routes }) => routes.map(({ schemas }) => schemas)), [
      [{ schema: text }],
      [{}],
    ]);
    assertEquals(readers.map(({ schemas }) => schemas), [{}]);
    assertEquals(sources, []);
    assertEquals(doors, [{ name: "good", details: { streams: 1 } }]);
    assertEquals(broker.stats().doors, [{ name: "good", counts: { published: 1 } }]);
    await until("all errors are there", () => errorsIn(seen).length === 9);
    const told = errorsIn(seen).map(({ message }) => message.replace(/: .*/s, ""));
    assertEquals(told, [
      `Cannot show "replySchema" of the handler of "a" as it must be plain data`,
      `Cannot show "schema" of the reader of "b" as it must be plain data`,
      `Cannot show the source "mute" as it must be plain data`,
      ...["throwing", "calling", "later"]
        .map((name) => `Cannot show the door "${name}" as it must be plain data`),
      ...["throwing", "calling", "later"]
        .map((name) => `Cannot show the counts of the door "${name}" as it must be plain data`),
    ]);
    await broker.stop();
  },
);

onEveryServer(
  "NatsBroker.describe() gives copies, and a middleware can still be used after it",
  async (server) => {
    const details = { streams: ["ORDERS"] };
    const broker = server.broker();
    register(broker, { name: "js", describe: () => details });
    const [door] = broker.describe().doors;
    (door!.details.streams as string[]).push("more");
    assertEquals(details, { streams: ["ORDERS"] });
    await broker.stop();
    const fresh = server.broker();
    fresh.describe();
    fresh.stats();
    fresh.use((_, next) => next());
  },
);

onEveryServer(
  "NatsBroker.describe() leaves out a schema that gives a promise, also one that rejects",
  async (server) => {
    const broker = server.broker();
    const events = recorded(broker);
    const late = written(() => Promise.reject(new Error("no schema")));
    broker.subscriber("late", { schema: late, replySchema: aText }, () => "text");
    await broker.start();
    assertEquals(broker.describe().handlers[0]?.routes[0]?.schemas, { replySchema: text });
    await until("the error is there", () => errorsIn(events).length > 0);
    const [error] = errorsIn(events);
    const place = 'Cannot show "schema" of the handler of "late" as it must be plain data';
    assertEquals(error?.message, `${place}: it is a promise`);
  },
);
