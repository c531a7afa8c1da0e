import {
  InvalidSubjectError,
  NoRespondersError,
  RemoteError,
  reply,
  ReplyError,
  type Schema,
} from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";

const order: Schema<{ readonly id: number }> = schemaOf((value) =>
  typeof (value as { id?: unknown })?.id === "number"
);
const price: Schema<number, number> = schemaOf((value) => typeof value === "number") as never;

function schemaOf<Output>(fits: (value: unknown) => boolean): Schema<Output> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        fits(value) ? { value: value as Output } : { issues: [{ message: "unfit", path: ["id"] }] },
    },
  };
}

onEveryServer(
  "NatsBroker.subscriber() types the body by its schema, and answers 400",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("orders", { schema: order }, ({ body }) => {
      const id: number = body.id;
      return id + 1;
    });
    await broker.start();
    assertEquals((await broker.request("orders", { id: 1 })).body, 2);
    const error = await assertRejects(() => broker.request("orders", { id: "one" }), RemoteError);
    assertEquals([error.code, error.data], [400, { issues: [{ message: "unfit", path: ["id"] }] }]);
    assertEquals((await broker.request("orders", { id: 3 })).body, 4);
  },
);

onEveryServer(
  "NatsBroker.subscriber() keeps a reply that does not fit to itself",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("price", { replySchema: price }, ({ body }) => body as number);
    await broker.start();
    assertEquals((await broker.request("price", 12)).body, 12);
    const error = await assertRejects(() => broker.request("price", "dear"), RemoteError);
    assertEquals([error.code, error.description], [500, "Internal error"]);
  },
);

onEveryServer("NatsBroker.subscriber() shares a subject by filters", async (server) => {
  const broker = server.broker();
  const is =
    (kind: string) => ({ headers }: { headers: { get(name: string): string | undefined } }) =>
      headers.get("kind") === kind;
  broker.subscriber("mixed", { filter: is("a") }, () => "first");
  broker.subscriber("mixed", { filter: is("b") }, () => "second");
  await broker.start();
  const ask = async (kind: string) =>
    (await broker.request("mixed", null, { headers: { kind } })).body;
  assertEquals([await ask("a"), await ask("b")], ["first", "second"]);
  const error = await assertRejects(() => ask("c"), RemoteError);
  assertEquals(error.code, 404);
  broker.subscriber("mixed", () => "rest");
  assertThrows(
    () => broker.subscriber("mixed", { filter: is("d") }, () => {}),
    TypeError,
    "takes all",
  );
  assertEquals(await server.subscriptions() >= 1, true);
});

onEveryServer("reply() sends headers and an address to go on at", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox();
  broker.subscriber(
    "talk",
    () => reply("go on", { headers: { "X-Turn": "1" }, replyTo: inbox.subject }),
  );
  await broker.start();
  const answer = await broker.request("talk");
  assertEquals([answer.body, answer.headers.get("x-turn")], ["go on", "1"]);
  await broker.publish(answer.replyTo!, "gone on");
  assertEquals((await inbox.next({ timeout: 10_000 }))?.body, "gone on");
});

onEveryServer(
  "NatsBroker.subscriber() publishes elsewhere, and can leave unanswered",
  async (server) => {
    const broker = server.broker();
    broker.subscriber(
      "orders.{id}",
      { publishTo: ["audit", "orders.{id}.done"], noReply: true },
      ({ params }) => {
        return `order ${params.id}`;
      },
    );
    const audit = broker.subscriber("audit");
    const done = broker.subscriber("orders.*.done");
    await broker.start();
    await broker.publish("orders.7", null, { correlationId: "work-7" });
    for (const subscriber of [audit, done]) {
      const message = await subscriber.next({ timeout: 10_000 });
      assertEquals([message?.body, message?.correlationId], ["order 7", "work-7"]);
    }
    await assertRejects(() => broker.request("orders.8", null, { timeout: 100 }));
    assertEquals((await audit.next({ timeout: 10_000 }))?.body, "order 8");
  },
);

onEveryServer(
  "NatsBroker.subscriber() without a handler is read from the moment it started",
  async (server) => {
    const broker = server.broker();
    const early = broker.subscriber("logs.{level}", { maxPending: { messages: 3 } });
    await assertRejects(() => early.next(), TypeError, "call start() first");
    await broker.start();
    for (let sent = 0; sent < 5; sent++) await broker.publish("logs.warn", sent);
    await broker.flush();
    const message = await early.next();
    assertEquals([message?.body, message?.params, early.dropped], [2, { level: "warn" }, 2]);

    await using late = await broker.subscriber("late").start();
    await broker.publish("late", "heard");
    for await (const { body } of late) {
      assertEquals(body, "heard");
      break;
    }
    await late.stop();
    await assertRejects(() => broker.request("late", null, { timeout: 500 }));
  },
);

onEveryServer(
  "HandlerSubscriber.start() and stop() come and go while the broker runs",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    {
      await using subscriber = await broker.subscriber("door", () => "open").start();
      assertEquals((await broker.request("door")).body, "open");
      await subscriber.received();
      assertEquals(subscriber.counts, { handled: 1, dropped: 0 });
      assertEquals(await server.subscriptions(), 2);
    }
    await broker.flush();
    assertEquals(await server.subscriptions(), 1);
  },
);

onEveryServer(
  "HandlerSubscriber.received() resolves once so many are seen through",
  async (server) => {
    const broker = server.broker();
    const subscriber = broker.subscriber("jobs", async () => await delay(5));
    await broker.start();
    await assertRejects(() => subscriber.received(1, { timeout: 20 }));
    for (let sent = 0; sent < 3; sent++) await broker.publish("jobs", sent);
    await subscriber.received(3);
    assertEquals(subscriber.counts.handled, 3);
  },
);

onEveryServer(
  "NatsBroker.subscriber() refuses what would answer a request twice",
  async (server) => {
    const broker = server.broker();
    const answer = () => "once";
    broker.subscriber("orders.*", answer);
    for (const pattern of ["orders.*", "orders.new", "orders.>", ">", "*.new", "orders.{id}"]) {
      assertThrows(() => broker.subscriber(pattern, answer), TypeError, "answered once");
    }
    const beside = () => broker.subscriber("orders.new", { queue: "workers" }, answer);
    assertThrows(beside, TypeError, "answered once");
    broker.subscriber("orders.new", { noReply: true }, answer);
    broker.subscriber("orders.new.line", answer);
    broker.subscriber("order", answer);
    await server.subscriptions();
  },
);

onEveryServer(
  "Message.signal aborts at the caller's deadline, which travels as time left",
  async (server) => {
    const broker = server.broker();
    const aborted = Promise.withResolvers<unknown>();
    broker.subscriber("slow", async ({ signal, headers }) => {
      const left = Number(headers.get("signalbox-time-left"));
      assert(left > 0 && left <= 80, `${left}`);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      aborted.resolve((signal.reason as Error).name);
    });
    await broker.start();
    const began = performance.now();
    await assertRejects(() => broker.request("slow", null, { timeout: 80 }));
    assertEquals(await aborted.promise, "TimeoutError");
    assert(performance.now() - began < 4_000);
  },
);

onEveryServer(
  "NatsBroker.request() in a handler inherits what is left and the correlation id",
  async (server) => {
    const broker = server.broker();
    const seen: unknown[] = [];
    broker.subscriber("outer", async () => {
      await delay(30);
      return (await broker.request("inner", null, { timeout: 60_000 })).body;
    });
    broker.subscriber("inner", ({ headers, correlationId }) => {
      seen.push(correlationId);
      return Number(headers.get("Signalbox-Time-Left"));
    });
    await broker.start();
    const { body } = await broker.request("outer", null, {
      timeout: 10_000,
      correlationId: "work-1",
    });
    assert((body as number) <= 9_971 && (body as number) > 5_000, `${body}`);
    assertEquals(seen, ["work-1"]);
  },
);

onEveryServer("NatsBroker.subscriber() does not start what expired on its way", async (server) => {
  const [asking, answering] = [server.broker(), server.broker()];
  const handled: unknown[] = [];
  const gate = Promise.withResolvers<void>();
  answering.subscriber("queue", { concurrency: 1 }, async ({ body }) => {
    handled.push(body);
    await gate.promise;
  });
  await answering.start();
  await asking.connect();
  const first = asking.request("queue", "first");
  await assertRejects(() => asking.request("queue", "expired", { timeout: 40 }));
  const last = asking.request("queue", "last");
  // its time counts from when it has come
  await asking.flush();
  await answering.flush();
  await delay(60);
  gate.resolve();
  await Promise.all([first, last]);
  assertEquals(handled, ["first", "last"]);
});

onEveryServer("NatsBroker.stop() tells callers 503 when time is up", async (server) => {
  const [asking, answering] = [server.broker(), server.broker()];
  answering.subscriber("endless", { concurrency: 1 }, () => new Promise(() => {}));
  await answering.start();
  await asking.connect();
  const asked = [asking.request("endless"), asking.request("endless")];
  const told = Promise.all(asked.map((one) => assertRejects(() => one, RemoteError)));
  await asking.flush();
  await answering.flush();
  await answering.stop({ timeout: 50 });
  assertEquals((await told).map(({ code, description }) => [code, description]), [
    [503, "Shutting down"],
    [503, "Shutting down"],
  ]);
});

onEveryServer("NatsBroker.subscriber() answers once, whatever a handler throws", async (server) => {
  const broker = server.broker();
  const thrown: unknown[] = [undefined, null, "text", 7, {}, new Error("why")];
  broker.subscriber("throws.{at}", ({ params }) => {
    throw thrown[Number(params.at)];
  });
  broker.subscriber(
    "told",
    () => Promise.reject(new ReplyError(418, "A teapot\r\nX-Evil: 1", { short: true })),
  );
  await broker.start();
  for (const at of thrown.keys()) {
    const error = await assertRejects(() => broker.request(`throws.${at}`), RemoteError);
    assertEquals([error.code, error.description], [500, "Internal error"]);
  }
  const error = await assertRejects(() => broker.request("told"), RemoteError);
  assertEquals([error.code, error.description, error.data], [418, "A teapot X-Evil: 1", {
    short: true,
  }]);
});

onEveryServer(
  "NatsBroker.subscriber() answers 413 for a reply over max_payload",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("big", ({ body }) => "x".repeat(Number(body)));
    await broker.start();
    const error = await assertRejects(() => broker.request("big", 5_000), RemoteError);
    assertEquals(error.code, 413);
    assertEquals((await broker.request("big", 10)).body, "x".repeat(10));
  },
  { maxPayload: 4_096 },
);

onEveryServer("HandlerSubscriber.stop() twice at once resolves for both", async (server) => {
  const broker = server.broker();
  const subscriber = broker.subscriber("slow", () => delay(60));
  await broker.start();
  await broker.publish("slow");
  await broker.flush();
  await delay(20);
  await Promise.all([subscriber.stop(), delay(5).then(() => subscriber.stop()), broker.stop()]);
  assertEquals(subscriber.counts.handled, 1);
});

onEveryServer(
  "NatsBroker.subscriber() answers where a middleware lets no reply through",
  async (server) => {
    const [asking, answering] = [server.broker(), server.broker()];
    answering.use({
      publish(draft, next) {
        if (draft.kind === "reply") throw new Error("no way out");
        return next(draft);
      },
    });
    answering.subscriber("stuck", () => "never seen");
    await answering.start();
    await asking.connect();
    const error = await assertRejects(() => asking.request("stuck"), RemoteError);
    assertEquals([error.code, error.description], [500, "The reply cannot be sent"]);
  },
);

onEveryServer(
  "NatsBroker.use() survives a middleware that does not wait for next()",
  async (server) => {
    const broker = server.broker();
    broker.use((_message, next) => {
      void next();
      return "mine";
    });
    broker.subscriber("fails", () => Promise.reject(new Error("nobody's")));
    await broker.start();
    assertEquals((await broker.request("fails")).body, "mine");
    await delay(5);
  },
);

onEveryServer("NatsBroker.subscriber() takes a schema's thenable for a promise", async (server) => {
  const broker = server.broker();
  // deno-lint-ignore no-explicit-any -- any object with then() is a thenable
  const thenable = (value: unknown): any => ({
    then: (give: (result: unknown) => void) => give({ value: `${value}!` }),
  });
  const schema: Schema<string> = {
    "~standard": { version: 1, vendor: "test", validate: thenable },
  };
  broker.subscriber("thenable", { schema }, ({ body }) => body);
  await broker.start();
  assertEquals((await broker.request("thenable", "in")).body, "in!");
});

onEveryServer(
  "BrokerEvent tells of a published message that no handler could read",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("orders", { schema: order }, () => {});
    await broker.start();
    const events = broker.events();
    await broker.publish("orders", "not an order");
    const { value } = await events.next();
    assertEquals(value?.type === "error" && (value.error as ReplyError).code, 400);
    await events.return?.();
  },
);

onEveryServer(
  "HandlerSubscriber.stop() makes room for another on the same subject",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    for (let round = 0; round < 3; round++) {
      await using _subscriber = await broker.subscriber("door", () => round).start();
      assertEquals((await broker.request("door")).body, round);
    }
    await broker.stop();
    await broker.start();
    await assertRejects(() => broker.request("door"), NoRespondersError);
  },
);

onEveryServer(
  "HandlerSubscriber.stop() works again after start(), with a handler at work",
  async (server) => {
    const broker = server.broker();
    const gate = Promise.withResolvers<void>();
    const subscriber = broker.subscriber("gate", () => gate.promise);
    await broker.start();
    const asked = broker.request("gate");
    await broker.flush();
    await delay(20);
    const first = subscriber.stop();
    await delay(20);
    await subscriber.start();
    const second = subscriber.stop();
    gate.resolve();
    await Promise.all([first, second, asked]);
    await assertRejects(() => broker.request("gate"), NoRespondersError);
  },
);

onEveryServer(
  "NatsBroker.subscriber() with a filter is reached though the broker has started",
  async (server) => {
    const broker = server.broker();
    const odd = ({ body }: { body: unknown }) => Number(body) % 2 === 1;
    broker.subscriber("number", { filter: odd }, () => "odd");
    await broker.start();
    await broker.subscriber("number", { filter: ({ body }) => !odd({ body }) }, () => "even")
      .start();
    assertEquals((await broker.request("number", 1)).body, "odd");
    assertEquals((await broker.request("number", 2)).body, "even");
  },
);

onEveryServer(
  "NatsBroker.stop() waits for the errors that a middleware has yet to let out",
  async (server) => {
    const [asking, answering] = [server.broker(), server.broker()];
    answering.use({
      publish: async (draft, next) => {
        await delay(30);
        return await next(draft);
      },
    });
    answering.subscriber("throws", async () => {
      await delay(60);
      throw new Error("late");
    });
    answering.subscriber("endless", () => new Promise(() => {}));
    await answering.start();
    await asking.connect();
    const asked = ["throws", "endless"].map((subject) =>
      assertRejects(() => asking.request(subject, null, { timeout: 10_000 }), RemoteError)
    );
    await asking.flush();
    await answering.flush();
    await answering.stop({ timeout: 2_250 });
    assertEquals((await Promise.all(asked)).map(({ code }) => code), [500, 503]);
  },
);

onEveryServer(
  "NatsBroker.subscriber() refuses what could only fail with each message",
  async (server) => {
    const broker = server.broker();
    const wrong = (options: object, kind: typeof TypeError | typeof InvalidSubjectError) =>
      assertThrows(() => broker.subscriber("a.{id}", options as never, () => {}), kind);
    wrong({ publishTo: "out.*" }, InvalidSubjectError);
    wrong({ publishTo: "out.{other}" }, InvalidSubjectError);
    wrong({ middleware: [42] }, TypeError);
    assertThrows(() => broker.publisher("orders.*"), InvalidSubjectError, "wildcard");
    await server.subscriptions();
  },
);
