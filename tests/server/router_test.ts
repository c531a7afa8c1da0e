import {
  type AnyState,
  InvalidSubjectError,
  NatsBroker,
  NatsRouter,
  RemoteError,
  TimeoutError,
} from "@signalbox/nats";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { onEveryServer } from "../support/backends.ts";
import { aText } from "../support/schemas.ts";

onEveryServer("NatsRouter.include() nests prefixes, handlers and publishers", async (server) => {
  const broker = server.broker();
  const [shop, orders] = [new NatsRouter(), new NatsRouter()];
  const handler = orders.subscriber("orders.{id}", ({ params, subject }) => [params.id, subject]);
  const ask = orders.publisher("orders.{id}");
  shop.include(orders, { prefix: "shop." });
  broker.include(shop, { prefix: "v1." });
  await broker.start();
  assertEquals(handler.subject, "v1.shop.orders.*");
  assertEquals(ask.pattern, "v1.shop.orders.{id}");
  assertEquals((await ask.request({ id: "7" })).body, ["7", "v1.shop.orders.7"]);
});

onEveryServer("NatsRouter.use() stands around handlers, the broker's outermost", async (server) => {
  const broker = server.broker();
  const router = new NatsRouter();
  const path: string[] = [];
  const named = (name: string) => async (_message: unknown, next: () => Promise<unknown>) => {
    path.push(`${name}>`);
    const value = await next();
    path.push(`<${name}`);
    return value;
  };
  router.subscriber("work", { middleware: [named("own")] }, () => path.push("handler"));
  router.use(named("router"));
  broker.use(named("first")).use(named("second"));
  broker.include(router);
  await broker.start();
  await broker.request("work");
  assertEquals(path, [
    "first>",
    "second>",
    "router>",
    "own>",
    "handler",
    "<own",
    "<router",
    "<second",
    "<first",
  ]);
});

onEveryServer(
  "NatsBroker.use() can answer instead, change the reply, and not run it twice",
  async (server) => {
    const broker = server.broker();
    broker.use(({ subject, body }, next) => subject === "cached" ? `cached ${body}` : next());
    broker.use(async ({ subject }, next) => subject === "loud" ? `${await next()}!` : next());
    broker.use(async ({ subject }, next) => {
      if (subject !== "twice") return await next();
      await next();
      return await next();
    });
    let runs = 0;
    for (const subject of ["cached", "loud", "twice"]) {
      broker.subscriber(subject, ({ body }) => {
        runs++;
        return body;
      });
    }
    await broker.start();
    assertEquals((await broker.request("cached", "it")).body, "cached it");
    assertEquals((await broker.request("loud", "hey")).body, "hey!");
    await assertRejects(() => broker.request("twice", "x"), RemoteError);
    assertEquals(runs, 2);
  },
);

onEveryServer("NatsBroker.use() types the state that middleware gives handlers", async (server) => {
  const broker = new NatsBroker<{ user: string }>(server.url, { logger: false });
  broker.use((message, next) => {
    message.state.user = message.headers.get("x-user") ?? "nobody";
    return next();
  });
  broker.subscriber("whoami", ({ state }) => state.user.toUpperCase());
  await broker.start();
  const { body } = await broker.request("whoami", null, { headers: { "X-User": "ada" } });
  assertEquals(body, "ADA");
  await broker.stop();
});

onEveryServer(
  "NatsRouter.session() types the state that middleware gives the opening, and its parameters",
  async (server) => {
    const broker = new NatsBroker<{ user: string; tenant: string }>(server.url, { logger: false });
    const chat = new NatsRouter<{ user: string }>();
    broker.use(({ state, headers }, next) => {
      Object.assign(state, { user: headers.get("x-user") ?? "nobody", tenant: "eu" });
      return next();
    });
    chat.session("chat.{room}", async (session) => {
      const { state, params } = session.opening;
      assertType<IsExact<typeof state, { user: string }>>(true);
      assertType<IsExact<typeof params, { readonly room: string }>>(true);
      await session.send(`${state.user} in ${params.room}`);
    });
    broker.include(chat);
    broker.session("typed.{room}", { openingSchema: aText, sendSchema: aText }, async (session) => {
      const { state, body } = session.opening;
      assertType<IsExact<typeof state, { user: string; tenant: string }>>(true);
      assertType<IsExact<typeof body, string>>(true);
      await session.send(`${state.user} of ${state.tenant}: ${body}`);
    });
    await broker.start();
    const headers = { "X-User": "ada" };
    await using one = await broker.openSession("chat.7", null, { headers });
    assertType<IsExact<typeof one.opening.state, AnyState>>(true);
    assertEquals((await one.next())?.body, "ada in 7");
    await using other = await broker.openSession("typed.7", "hello", { headers });
    assertEquals((await other.next())?.body, "ada of eu: hello");
    await broker.stop();
  },
);

onEveryServer("NatsBroker.use() stands around everything that is sent", async (server) => {
  const broker = server.broker();
  const sent: string[] = [];
  broker.use({
    publish: async (draft, next) => {
      sent.push(`${draft.kind} ${draft.subject.startsWith("_INBOX") ? "inbox" : draft.subject}`);
      const headers = { "X-Tenant": "eu" };
      return await next({ ...draft, headers });
    },
  });
  const heard = broker.subscriber("told");
  broker.subscriber("ask", ({ headers }) => headers.get("x-tenant"));
  await broker.start();
  const answer = await broker.request("ask");
  assertEquals([answer.body, answer.headers.get("x-tenant")], ["eu", "eu"]);
  await broker.publish("told", 1);
  assertEquals((await heard.next({ timeout: 10_000 }))?.headers.get("X-Tenant"), "eu");
  const many = [];
  for await (const one of broker.requestMany("ask", null, { max: 1 })) many.push(one.body);
  assertEquals(many, ["eu"]);
  assertEquals(sent, ["request ask", "reply inbox", "publish told", "request ask", "reply inbox"]);
});

onEveryServer(
  "Publisher fills its pattern, checks bodies, and has headers of its own",
  async (server) => {
    const broker = server.broker();
    const heard = broker.subscriber("orders.*.done");
    const done = broker.publisher("orders.{id}.done", {
      headers: { "X-Source": "till", "X-Shard": "1" },
    });
    const plain = broker.publisher("orders.plain.done");
    await broker.start();
    await done.publish({ id: "42" }, { total: 12 }, { headers: { "x-shard": "2" } });
    const message = await heard.next({ timeout: 10_000 });
    assertEquals([message?.subject, message?.body], ["orders.42.done", { total: 12 }]);
    assertEquals([message?.headers.get("X-Source"), message?.headers.values("X-Shard")], ["till", [
      "2",
    ]]);
    await plain.publish("no parameters");
    assertEquals((await heard.next({ timeout: 10_000 }))?.body, "no parameters");
    for (const id of ["", "a.b", "*", ">", "a b", undefined as never]) {
      await assertRejects(
        () => done.publish({ id }),
        InvalidSubjectError,
        `"id" must be one token`,
      );
    }
  },
);

onEveryServer("NatsBroker.request() keeps its time through middleware, too", async (server) => {
  const broker = server.broker();
  const handled: unknown[] = [];
  const held = Promise.withResolvers<void>();
  const late: unknown[] = [];
  broker.use({
    publish: async (draft, next) => {
      if (draft.body === "slow") await held.promise;
      const sent = next(draft);
      if (draft.body === "slow") sent.catch((error) => late.push(error));
      return await sent;
    },
  });
  broker.subscriber("ask", ({ body, headers }) => {
    handled.push(body);
    return Number(headers.get("signalbox-time-left"));
  });
  await broker.start();
  const timeout = await assertRejects(
    () => broker.request("ask", "slow", { timeout: 50 }),
    TimeoutError,
  );
  assertEquals([timeout.timeout, timeout.subject], [50, "ask"]);
  const controller = new AbortController();
  const asked = broker.request("ask", "slow", { signal: controller.signal });
  controller.abort(new RangeError("left"));
  await assertRejects(() => asked, RangeError, "left");
  await assertRejects(
    () => broker.request("ask", "never", { signal: controller.signal }),
    RangeError,
    "left",
  );
  held.resolve();
  const left = Number((await broker.request("ask", "sent", { timeout: 5_000 })).body);
  assertEquals([handled, left > 0 && left <= 5_000], [["sent"], true]);
  assertEquals(late.map((error) => (error as Error).name), ["TimeoutError", "RangeError"]);
});

onEveryServer(
  "NatsBroker.request() is told of a middleware that neither asks nor answers",
  async (server) => {
    const broker = server.broker();
    broker.use({ publish: ({ kind }, next) => kind === "request" ? undefined : next() });
    broker.subscriber("ask", () => 1);
    await broker.start();
    const { message } = await assertRejects(() => broker.request("ask"), TypeError);
    assertEquals(
      message,
      `Cannot request "ask" as a middleware must give back what next() resolves with`,
    );
  },
);

onEveryServer(
  "Publisher of a pattern that is only known at run time takes its parameters first",
  async (server) => {
    const broker = server.broker();
    const heard = broker.subscriber("orders.*");
    const router = new NatsRouter();
    const pattern: string = "{id}";
    const orders = router.publisher(pattern, { params: ["id"] });
    assertEquals(orders.pattern, "{id}");
    broker.include(router, { prefix: "orders." });
    await broker.start();
    for (const id of ["7", "8"]) {
      await orders.publish({ id }, { total: 12 });
      const message = await heard.next({ timeout: 10_000 });
      assertEquals([message?.subject, message?.body], [`orders.${id}`, { total: 12 }]);
    }
    await assertRejects(
      () => orders.publish("body" as never),
      TypeError,
      `must be called as publish({ id }, body, options): publish("body")`,
    );
  },
);

Deno.test("NatsRouter refuses to be included twice, or to answer twice", () => {
  const [broker, router, other] = [new NatsBroker(), new NatsRouter(), new NatsRouter()];
  router.subscriber("a", () => 1);
  other.subscriber("a", () => 2);
  broker.include(router, { prefix: "x." });
  assertThrows(() => broker.include(router), TypeError, "no other router may include it already");
  assertThrows(() => router.include(router), TypeError, "no other router may include it already");
  assertThrows(() => broker.include(other, { prefix: "x." }), TypeError, "answered once");
  broker.include(other, { prefix: "y." });
  assertThrows(() => other.subscriber("a", () => 3), TypeError, "answered once");
  assertThrows(() => broker.include(new NatsRouter(), { prefix: "a b." }), InvalidSubjectError);
});

Deno.test("NatsRouter.include() takes in nothing where one handler would answer beside another", () => {
  const [broker, router] = [new NatsBroker(), new NatsRouter()];
  router.subscriber("free", () => 1);
  router.subscriber("taken", () => 2);
  broker.subscriber("taken", () => 3);
  assertThrows(() => broker.include(router), TypeError, "answered once");
  broker.subscriber("free", () => 4);
});

Deno.test("NatsBroker.subscriber() counts queue groups, those of a service included", () => {
  const plain = new NatsBroker();
  plain.subscriber("a.*", { queue: "one" }, () => 1);
  plain.subscriber("a.b", { queue: "two" }, () => 2);
  assertThrows(() => plain.subscriber("a.b", () => 3), TypeError, "answered once");
  const named = { service: { name: "shop", version: "1.0.0" } };
  const service = new NatsBroker("127.0.0.1", named);
  service.subscriber("a.*", () => 1);
  service.subscriber("a.b", () => 2);
});

Deno.test("NatsRouter without a broker cannot start anything", async () => {
  const router = new NatsRouter();
  const subscriber = router.subscriber("a", () => 1);
  await assertRejects(() => subscriber.start(), TypeError, "included in a broker");
  await assertRejects(() => router.publisher("a").publish(1), TypeError, "included in a broker");
});
