import {
  type BrokerEvent,
  ConnectionError,
  type NatsBroker,
  type Schema,
  TimeoutError,
} from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { within } from "../support/within.ts";

/** What a wait may take beyond its time on a busy machine, in milliseconds. */
const SLACK = 4_000;
const TIMEOUT = 200;

/** A schema that never says anything. */
const hanging: Schema = {
  "~standard": { version: 1, vendor: "test", validate: () => new Promise<never>(() => {}) },
};

async function served(server: Backend): Promise<NatsBroker> {
  const broker = server.broker();
  broker.subscriber("echo", ({ body }) => body);
  broker.subscriber("count", async function* () {
    yield 1;
    yield 2;
  });
  broker.session("talk", async (session) => {
    await session.send("hello");
    for await (const _ of session);
  });
  await broker.start();
  return broker;
}

/** Rejects in its time, by its own timeout and by a signal alike. */
async function ends(
  name: string,
  wait: (options: { timeout?: number; signal?: AbortSignal }) => Promise<unknown>,
  timeout = TIMEOUT,
): Promise<void> {
  const began = performance.now();
  await assertRejects(
    () => within(name, wait({ timeout })),
    TimeoutError,
    undefined,
    name,
  );
  const reason = new Error("enough");
  const signal = () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), TIMEOUT);
    return controller.signal;
  };
  const error = await assertRejects(() => within(name, wait({ signal: signal() })), Error);
  assertEquals(error, reason, name);
  const took = performance.now() - began;
  assert(took < timeout + TIMEOUT + SLACK, `${name}: ${took} ms`);
}

onEveryServer("NatsBroker.request() ends in its time, whatever its schema does", async (server) => {
  const broker = await served(server);
  await ends("request", (options) => broker.request("echo", 1, { schema: hanging, ...options }));
  const publisher = broker.publisher("echo", { schema: hanging });
  await ends("publisher", (options) => publisher.request(1, options));
  const asking = broker.publisher("echo", { replySchema: hanging });
  await ends("replySchema", (options) => asking.request(1, options));
});

onEveryServer("NatsBroker.request() ends in its time, whatever middleware does", async (server) => {
  await served(server);
  const broker = server.broker();
  broker.use({ publish: () => new Promise(() => {}) });
  await broker.connect();
  await ends("request", (options) => broker.request("echo", 1, options));
  await ends("openSession", (options) => broker.openSession("talk", 1, options));
  await ends("requestStream", async (options) => {
    for await (const _ of broker.requestStream("count", 1, options));
  });
});

onEveryServer(
  "NatsBroker.requestMany() ends in its time, whatever its schema does",
  async (server) => {
    const broker = await served(server);
    // an answer must come within the time: without any, the collection just ends
    await ends("requestMany", async (options) => {
      for await (const _ of broker.requestMany("echo", 1, { schema: hanging, ...options }));
    }, 2_000);
  },
);

onEveryServer(
  "NatsBroker.requestStream() ends in its time, whatever its schema does",
  async (server) => {
    const broker = await served(server);
    const read = async (subject: string, options: object) => {
      for await (const _ of broker.requestStream(subject, 1, { schema: hanging, ...options }));
    };
    await ends("a plain answer", (options) => read("echo", options));
    await ends(
      "a part",
      ({ timeout, signal }) =>
        read("count", { ...timeout && { deadline: timeout }, ...signal && { signal } }),
    );
  },
);

onEveryServer(
  "Session.next() ends in its time, and what it waited for is for the next",
  async (server) => {
    const broker = await served(server);
    const gate = Promise.withResolvers<void>();
    const schema: Schema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) => gate.promise.then(() => ({ value })),
      },
    };
    await using session = await broker.openSession("talk", null, { schema });
    await ends("next", (options) => session.next(options));
    gate.resolve();
    assertEquals((await session.next({ timeout: 5_000 }))?.body, "hello");
  },
);

onEveryServer("Session.send() ends by its signal, whatever its schema does", async (server) => {
  const broker = await served(server);
  await using session = await broker.openSession("talk", null, { sendSchema: hanging });
  const reason = new Error("enough");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), TIMEOUT);
  const sent = session.send(1, { signal: controller.signal });
  assertEquals(await assertRejects(() => within("send", sent), Error), reason);
});

onEveryServer("NatsBroker.request() before connect() says what is missing", async (server) => {
  const broker = server.broker();
  const asks = [
    () => broker.request("orders"),
    () => broker.openSession("orders"),
    () => Promise.try(() => broker.requestMany("orders")),
    () => Promise.try(() => broker.requestStream("orders")),
  ];
  for (const ask of asks) {
    const { message, reason } = await assertRejects(ask, ConnectionError);
    assertEquals(reason, "not-connected");
    assertStringIncludes(message, `"orders"`);
    assertStringIncludes(message, "call connect() or start() first");
  }
});

/** The errors that a broker tells, as they come. */
function toldBy(broker: NatsBroker): Promise<BrokerEvent & { readonly type: "error" }> {
  const read = async () => {
    for await (const event of broker.events()) if (event.type === "error") return event;
    throw new Error("nothing was told");
  };
  return within("an error must be told", read());
}

onEveryServer(
  "NatsBroker.subscriber() tells of handlers that all wait for themselves",
  async (server) => {
    const [broker, asking] = [server.broker(), server.broker()];
    broker.subscriber("tree.{level}", async ({ params }) => {
      const { body } = await broker.request(`tree.${Number(params.level) + 1}`, null, {
        timeout: 2_500,
      });
      return body;
    });
    await broker.start();
    await asking.connect();
    const told = toldBy(broker);
    const asked = Promise.allSettled(
      Array.from({ length: 64 }, () => asking.request("tree.0", null, { timeout: 4_000 })),
    );
    const { error, pattern, subject } = await told;
    assertEquals([pattern, subject], ["tree.{level}", "tree.1"]);
    assertStringIncludes(error.message, "concurrency");
    await asked;
  },
);

onEveryServer(
  "NatsBroker.subscriber() tells of no handler that asks itself and has room",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("down.{n}", async ({ params }): Promise<unknown> => {
      const n = Number(params.n);
      return n === 0 ? "end" : (await broker.request(`down.${n - 1}`)).body;
    });
    await broker.start();
    const told: BrokerEvent[] = [];
    const read = async () => {
      for await (const event of broker.events()) if (event.type === "error") told.push(event);
    };
    void read();
    assertEquals((await broker.request("down.40")).body, "end");
    assertEquals(told, []);
  },
);

onEveryServer(
  "NatsBroker.session() tells of a handler that waits for the end that waits for it",
  async (server) => {
    const [broker, asking] = [server.broker(), server.broker()];
    broker.session("wait.{n}", async (session) => {
      await session.closed;
    });
    await broker.start();
    await asking.connect();
    const told = toldBy(broker);
    const session = await asking.openSession("wait.1");
    await session.end();
    const { error, pattern } = await told;
    assertEquals(pattern, "wait.{n}");
    assertStringIncludes(error.message, "session.closed");
    await session.close();
  },
);

onEveryServer(
  "NatsBroker.stop() ends in time, and gives up what a publish middleware keeps",
  async (server) => {
    const other = await served(server);
    const broker = server.broker();
    const kept = Promise.withResolvers<void>();
    broker.use({
      publish: async (draft, next) => {
        if (draft.kind !== "request") await kept.promise;
        await next();
      },
    });
    await broker.connect();
    const session = await broker.openSession("talk");
    const seen: BrokerEvent[] = [];
    const published = broker.publish("kept", 1);
    const sent = session.send("kept");
    const outcomes = Promise.allSettled([published, sent]);
    const events = broker.events();
    const reading = (async () => {
      for await (const event of events) seen.push(event);
    })();
    const began = performance.now();
    await broker.stop({ timeout: TIMEOUT });
    assert(performance.now() - began < TIMEOUT + SLACK);
    await reading;
    const [publishing, sending] = await within("both must settle", outcomes);
    assert(publishing.status === "rejected" && sending.status === "rejected");
    assertEquals((publishing.reason as ConnectionError).reason, "closed");
    assertStringIncludes(publishing.reason.message, "middleware kept");
    assertStringIncludes(sending.reason.message, "talk");
    kept.resolve();
    assert(await other.ping() >= 0);
  },
);
