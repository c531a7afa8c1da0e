import {
  InvalidSubjectError,
  type Message,
  type Middleware,
  NatsBroker,
  NatsRouter,
  type PublishMiddleware,
  RemoteError,
  reply,
} from "@signalbox/nats";
import { retry, throttle, timeout } from "@signalbox/nats/middleware";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";

/** Collects what is told of errors, until the test looks. */
function errorsOf(broker: NatsBroker): string[] {
  const told: string[] = [];
  (async () => {
    for await (const event of broker.events()) {
      if (event.type === "error") told.push(`${event.error.message} ${event.error.cause ?? ""}`);
    }
  })();
  return told;
}

async function codeOf(asked: Promise<unknown>): Promise<number> {
  return (await assertRejects(() => asked, RemoteError)).code;
}

onEveryServer(
  "NatsBroker.use() keeps the reply behind a middleware that gives nothing back",
  async (server) => {
    const broker = server.broker();
    const order: string[] = [];
    broker.use(async function koa(_message, next) {
      order.push("in");
      await next();
      order.push("out");
    });
    broker.use((_message, next) => {
      next();
    });
    broker.use(async (_message, next) => {
      next();
      await delay(1);
    });
    broker.use({ publish: async (_draft, next) => void await next() });
    broker.use({ publish: (draft, next) => void next(draft) });
    broker.subscriber("value", () => ({ id: 7 }));
    broker.subscriber("later", async () => {
      await delay(5);
      return "later";
    });
    broker.subscriber("fails", async () => {
      await delay(5);
      throw new Error("no");
    });
    broker.subscriber("parts", async function* () {
      yield 1;
      yield 2;
    });
    const told = errorsOf(broker);
    await broker.start();
    assertEquals((await broker.request("value")).body, { id: 7 });
    assertEquals(order, ["in", "out"]);
    assertEquals((await broker.request("later")).body, "later");
    assertEquals(await codeOf(broker.request("fails")), 500);
    const parts = await Array.fromAsync(broker.requestStream("parts"), ({ body }) => body);
    assertEquals(parts, [1, 2]);
    assertEquals(told.filter((text) => !text.startsWith("no")), []);
  },
);

onEveryServer("NatsBroker.use() has a middleware replace what it gives back", async (server) => {
  const broker = server.broker();
  broker.use(async ({ subject }, next) => {
    try {
      await next();
    } catch {
      return "recovered";
    }
    if (subject === "empty") return null;
    if (subject === "other") return "other";
  });
  broker.subscriber("empty", () => 1);
  broker.subscriber("other", () => 1);
  broker.subscriber("kept", () => 1);
  broker.subscriber("fails", () => {
    throw new Error("no");
  });
  await broker.start();
  const bodies = [];
  for (const subject of ["empty", "other", "kept", "fails"]) {
    bodies.push((await broker.request(subject)).body);
  }
  assertEquals(bodies, [null, "other", 1, "recovered"]);
});

onEveryServer("NatsBroker.use() reports a middleware that forgets next(), once", async (server) => {
  const broker = server.broker();
  broker.use(async function forgetful() {
    await delay(1);
  });
  broker.subscriber("ask", () => 1);
  const told = errorsOf(broker);
  await broker.start();
  for (let time = 0; time < 3; time++) {
    assertEquals((await broker.request("ask")).body, undefined);
  }
  assertEquals(told.length, 1);
  assertStringIncludes(told[0]!, "must call next()");
  assertStringIncludes(told[0]!, "forgetful");
});

onEveryServer("NatsBroker.use() reports what a middleware does not send, once", async (server) => {
  const broker = server.broker();
  broker.use({
    publish: function silent({ kind }, next) {
      if (kind !== "publish") return next();
    },
  });
  const told = errorsOf(broker);
  await broker.start();
  for (let time = 0; time < 3; time++) await broker.publish("news", time);
  assertEquals(told.length, 1);
  assertStringIncludes(told[0]!, "was not sent, as a middleware must call next()");
  assertStringIncludes(told[0]!, "silent");
});

const MISTAKES: Readonly<Record<string, [Middleware, says: string]>> = {
  "calls next() twice": [async (_message, next) => {
    await next();
    return await next();
  }, "must be called once"],
  "gives back next itself": [(_message, next) => next, "return next()"],
  "gives next() an error": [
    (_message, next) => (next as (error: Error) => Promise<unknown>)(new Error("express")),
    "next() takes no arguments",
  ],
  "gives back a Response": [() => new Response("hono"), "a Response"],
};

for (const [name, [middleware, says]] of Object.entries(MISTAKES)) {
  onEveryServer(
    `NatsBroker.use() says what to write where a middleware ${name}`,
    async (server) => {
      const broker = server.broker();
      broker.use(middleware);
      broker.subscriber("ask", () => 1);
      const told = errorsOf(broker);
      await broker.start();
      assertEquals(await codeOf(broker.request("ask")), 500);
      assert(told.some((text) => text.includes(says)), told.join("\n"));
    },
  );
}

Deno.test("NatsBroker.use() refuses what is no middleware, and says what to write", () => {
  const broker = new NatsBroker();
  const use = (...given: unknown[]) =>
    assertThrows(
      () => (broker.use as unknown as (...given: unknown[]) => void).apply(broker, given),
      TypeError,
    ).message;
  const one = () => 1;
  assertStringIncludes(use(new NatsRouter()), "include(router)");
  assertStringIncludes(use(one, one), "use(one).use(another)");
  assertStringIncludes(use("/path", one), "use(one).use(another)");
  assertStringIncludes(use({}), "use({ consume, publish })");
  for (const wrong of ["/path", [one], Promise.resolve(one), undefined, null, 7]) use(wrong);
  assertStringIncludes(use(class Guard {}), "(message, next)");
  assertStringIncludes(use(async function* () {}), "(message, next)");
  assertStringIncludes(use((_e: unknown, _q: unknown, _s: unknown, _n: unknown) => 1), "of two");
  assertStringIncludes(use({ publish: class {} }), "(message, next)");
});

Deno.test("NatsBroker.subscriber() refuses calls that would listen to nothing", () => {
  const broker = new NatsBroker();
  const call = (method: "subscriber" | "session", ...given: unknown[]) =>
    assertThrows(
      () => (broker[method] as unknown as (...given: unknown[]) => void).apply(broker, given),
      TypeError,
    ).message;
  const handler = () => 1;
  const right = "subscriber(pattern, options, (message) => …)";
  assertStringIncludes(call("subscriber", "a", handler, { queue: "q" }), right);
  assertStringIncludes(call("subscriber", "a", { queue: "q" }, undefined), right);
  assertStringIncludes(call("subscriber", "a", undefined), right);
  assertStringIncludes(call("subscriber", "a", { queue: "q" }, { handle: handler }), right);
  assertStringIncludes(call("subscriber", "a", handler, handler, handler), right);
  assertStringIncludes(call("subscriber", "a", class Orders {}), right);
  assertStringIncludes(call("subscriber", "a", (_body: unknown, _message: unknown) => 1), right);
  call("subscriber", "a", Promise.resolve({ queue: "q" }), handler);
  call("subscriber", "a", null, handler);
  const session = "session(pattern, options, (session) => …)";
  assertStringIncludes(call("session", "a", handler, { queue: "q" }), session);
  assertStringIncludes(call("session", "a", {}), session);
  call("session", "a");
});

onEveryServer("NatsBroker.subscriber() refuses a filter that gives a promise", async (server) => {
  const broker = server.broker();
  assertThrows(
    () =>
      broker.subscriber("ask", {
        filter: (async () => await delay(1)) as unknown as () => boolean,
      }, () => 1),
    TypeError,
    `"filter" must be a function that is not async`,
  );
  broker.subscriber("ask", { filter: (() => Promise.reject(new Error("no"))) as never }, () => 1);
  broker.subscriber("ask", () => 2);
  const told = errorsOf(broker);
  await broker.start();
  assertEquals(await codeOf(broker.request("ask")), 500);
  assertStringIncludes(told.join("\n"), `"filter" must give true or false: a promise`);
});

onEveryServer("retry() and throttle() refuse promises where an answer is due", async (server) => {
  const broker = server.broker();
  const promised = () => Promise.resolve(false);
  let runs = 0;
  broker.subscriber(
    "again",
    retry({ delay: 1, when: promised as never }, () => {
      runs++;
      throw new Error("no");
    }),
  );
  const limited = throttle({ limit: 1, interval: 1_000, key: promised as never });
  broker.subscriber("limited", { middleware: [limited as Middleware] }, () => 1);
  const told = errorsOf(broker);
  await broker.start();
  assertEquals(await codeOf(broker.request("again")), 500);
  assertEquals(await codeOf(broker.request("limited")), 500);
  assertEquals(runs, 1);
  assertStringIncludes(told.join("\n"), `"when" must give true or false`);
  assertStringIncludes(told.join("\n"), `"key" must give text`);
});

onEveryServer("Publisher of text that is known at run time goes by its pattern", async (server) => {
  const broker = server.broker();
  const [fixedText, patternText]: string[] = ["orders.all", "orders.{id}"];
  const fixed = broker.publisher(fixedText!);
  const pattern = broker.publisher(patternText!, { params: ["id"] });
  const heard = broker.subscriber("orders.*");
  await broker.start();
  await fixed.publish({ total: 12 });
  assertEquals((await heard.next({ timeout: 10_000 }))?.body, { total: 12 });
  await fixed.publish({ total: 13 }, { headers: { tenant: "eu" } });
  assertEquals((await heard.next({ timeout: 10_000 }))?.headers.get("tenant"), "eu");
  await pattern.publish({ id: "7" }, { total: 14 });
  const message = await heard.next({ timeout: 10_000 });
  assertEquals([message?.subject, message?.body], ["orders.7", { total: 14 }]);

  const wrong = async (...given: unknown[]) =>
    (await assertRejects(() => pattern.publish(...given as [never]), TypeError)).message;
  const right = "publish({ id }, body, options)";
  for (
    const given of [[], ["text"], [{ total: 12 }], [{ id: "7", total: 12 }], [{ id: "7" }, 1, "x"]]
  ) {
    assertStringIncludes(await wrong(...given), right);
  }
  await assertRejects(
    () => fixed.publish({}, "body" as never),
    TypeError,
    "publish(body, options)",
  );
  await assertRejects(() => fixed.publish({}, { total: 12 } as never), TypeError, `"total"`);
  await assertRejects(
    () => fixed.publish(...[{}, {}, {}] as unknown as []),
    TypeError,
    "publish(body, options)",
  );
});

onEveryServer("timeout() bounds the time to the first answer, and no session", async (server) => {
  const broker = server.broker();
  broker.use(timeout(100));
  const { promise: over, resolve } = Promise.withResolvers<void>();
  broker.subscriber("slow", () => over);
  broker.subscriber("parts", async function* () {
    yield 1;
    await delay(250);
    yield 2;
  });
  broker.session("talk", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  await broker.start();
  const parts = await Array.fromAsync(broker.requestStream("parts"), ({ body }) => body);
  assertEquals(parts, [1, 2]);
  await using session = await broker.openSession("talk");
  await delay(250);
  await session.send("still here");
  assertEquals((await session.next({ timeout: 10_000 }))?.body, "still here");
  assertEquals(await codeOf(broker.request("slow")), 504);
  resolve();
});

onEveryServer("NatsRouter has publishTo below its prefix, and permits it", async (server) => {
  const broker = server.broker();
  const router = new NatsRouter();
  router.subscriber("orders.{id}", { publishTo: ["done.{id}", "log"] }, ({ params }) => params.id);
  broker.include(router, { prefix: "v1." });
  const heard = broker.subscriber("v1.done.*");
  const logged = broker.subscriber("v1.log");
  await broker.start();
  assertEquals((await broker.request("v1.orders.7")).body, "7");
  assertEquals((await heard.next({ timeout: 10_000 }))?.subject, "v1.done.7");
  assertEquals((await logged.next({ timeout: 10_000 }))?.body, "7");
  const { publish } = broker.permissions();
  assertEquals((publish as readonly string[]).filter((subject) => subject.startsWith("v1.")), [
    "v1.done.*",
    "v1.log",
  ]);
});

onEveryServer("NatsBroker.subscriber() answers though publishTo cannot be sent", async (server) => {
  const broker = server.broker();
  broker.use({
    publish: (draft, next) => {
      if (draft.kind === "publish") throw new Error("not today");
      return next();
    },
  });
  broker.subscriber("orders.{id}", { publishTo: "done.{id}" }, ({ params }) => params.id);
  const told = errorsOf(broker);
  await broker.start();
  assertEquals((await broker.request("orders.7")).body, "7");
  assertStringIncludes(told.join("\n"), "not today");
});

onEveryServer("PublishMiddleware is given headers that can be spread", async (server) => {
  const broker = server.broker();
  const tenant: PublishMiddleware = (draft, next) =>
    next({ ...draft, headers: { ...draft.headers, tenant: "eu" } });
  broker.use({ publish: tenant });
  broker.use({ publish: tenant });
  await broker.start();
  await using inbox = await broker.openInbox();
  const all = [
    undefined,
    { a: "1", b: ["2", "3"] },
    [["a", "1"], ["b", "2"], ["b", "3"]] as const,
    new Headers([["a", "1"], ["b", "2"]]),
    new Map([["a", "1"], ["b", "2"]]),
  ];
  for (const headers of all) {
    await broker.publish(inbox.subject, 1, headers && { headers });
    const { headers: heard } = (await inbox.next({ timeout: 10_000 }))!;
    assertEquals(heard.values("tenant"), ["eu"]);
    assertEquals(heard.has("0"), false);
    assertEquals(heard.get("a"), headers && "1");
    assertEquals(heard.values("b")[0], headers && "2");
  }
});

onEveryServer("PublishMiddleware cannot break the wire", async (server) => {
  const broker = server.broker();
  const changes: unknown[] = [
    { subject: "a b\r\nPUB c 0\r\n" },
    { replyTo: "a b" },
    { headers: [["a"]] },
    { headers: { a: "1\r\nb: 2" } },
    { correlationId: 7 },
    { header: {} },
  ];
  broker.use({
    publish: (draft, next) =>
      draft.kind === "publish"
        ? next({ ...draft, ...changes[draft.body as number] as object })
        : next(),
  });
  await broker.start();
  for (const index of changes.keys()) await assertRejects(() => broker.publish("news", index));
  await broker.flush({ timeout: 10_000 });
});

onEveryServer("NatsBroker.publish() forwards headers without those of one hop", async (server) => {
  const broker = server.broker();
  const forwarded: ((message: Message) => Parameters<typeof reply>[1])[] = [
    ({ headers }) => ({ headers }),
    ({ headers }) => ({ headers: [...headers] }),
    ({ headers }) => ({ headers: [...headers, ["extra", "1"]] }),
    ({ headers }) => ({ headers: Object.fromEntries(headers) }),
  ];
  broker.subscriber("end.{how}", ({ body, headers }) => ({
    body,
    type: headers.get("content-type"),
    left: headers.get("signalbox-time-left"),
    tenant: headers.get("tenant"),
    trace: headers.get("Nats-Trace-Dest"),
  }));
  broker.subscriber("ask.{how}", async (message) => {
    const how = Number(message.params.how);
    const { headers = {} } = forwarded[how]!(message)!;
    const answer = await broker.request("end.0", { from: "hop" }, { headers });
    return reply(answer.body, { headers: message.headers });
  });
  broker.subscriber("parts", async function* ({ headers }) {
    yield headers.get("tenant");
  });
  broker.subscriber("opens", async ({ headers }) => {
    const parts = [];
    for await (const { body } of broker.requestStream("parts", 1, { headers })) parts.push(body);
    return parts;
  });
  await broker.start();
  for (const how of forwarded.keys()) {
    const headers = { tenant: "eu", "content-type": "text/plain" };
    const answer = await broker.request(`ask.${how}`, "text", { headers, timeout: 4_000 });
    const { body, type, left, tenant } = answer.body as Record<string, unknown>;
    assertEquals([body, type, tenant], [{ from: "hop" }, "application/json", "eu"], String(how));
    assert(Number(left) > 0 && Number(left) <= 4_000, String(left));
  }
  const opened = await broker.request("opens", { json: true }, { headers: { tenant: "eu" } });
  assertEquals(opened.body, ["eu"]);
});

onEveryServer("Session.send() forwards headers without those of one hop", async (server) => {
  const broker = server.broker();
  broker.session("echo", async (session) => {
    for await (const { headers } of session) await session.send({ ok: true }, { headers });
  });
  await broker.start();
  await using session = await broker.openSession("echo");
  await session.send("text");
  assertEquals((await session.next({ timeout: 10_000 }))?.body, { ok: true });
  await session.send("text", { headers: { tenant: "eu" } });
  const message = await session.next({ timeout: 10_000 });
  assertEquals([message?.body, message?.headers.get("tenant")], [{ ok: true }, "eu"]);
});

Deno.test("NatsBroker.publish() refuses headers that hold none", async () => {
  const broker = new NatsBroker();
  for (const headers of ["a: b", 7, Promise.resolve({ a: "b" }), new Request("http://a")]) {
    await assertRejects(
      () => broker.publish("a", 1, { headers: headers as never }),
      TypeError,
      `"headers" must be an object of text, or pairs [name, value]`,
    );
  }
});

Deno.test("NatsRouter.include() refuses a prefix that would run into the subject", () => {
  const include = (...given: unknown[]) => {
    const broker = new NatsBroker();
    (broker.include as unknown as (...given: unknown[]) => void).apply(broker, given);
  };
  for (const prefix of ["v1", "V", "a.b2"]) {
    assertThrows(() => include(new NatsRouter(), { prefix }), InvalidSubjectError, `"v1."`);
  }
  for (const prefix of ["v1.", "shop_", "a.b-"]) include(new NatsRouter(), { prefix });
  assertThrows(() => include("v1", new NatsRouter()), TypeError, "include(router, {");
  assertThrows(() => include(new NatsRouter(), "v1."), TypeError, "options must be an object");
});

onEveryServer("NatsBroker.subscriber() reports whatever a handler throws", async (server) => {
  const broker = server.broker();
  const thrown = ["text", undefined, null, 7, Symbol("s"), { code: 1 }, Promise.reject("no")];
  (thrown.at(-1) as Promise<void>).catch(() => {});
  broker.subscriber("throws.{at}", ({ params }) => {
    throw thrown[Number(params.at)];
  });
  const told = errorsOf(broker);
  await broker.start();
  for (const at of thrown.keys()) assertEquals(await codeOf(broker.request(`throws.${at}`)), 500);
  assertEquals(told.length, thrown.length);
  assertStringIncludes(told[0]!, `A handler threw "text"`);
});
