import { InvalidSubjectError, type Params, PermissionError, RemoteError } from "@signalbox/nats";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { connect } from "@nats-io/transport-deno";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";

onEveryServer("NatsBroker.subscriber() reads the parameters of its pattern", async (server) => {
  const broker = server.broker();
  broker.subscriber("orders.{id}.lines.{line}", ({ params, subject }) => {
    assertType<IsExact<typeof params, Params<"orders.{id}.lines.{line}">>>(true);
    return [params.id, params.line, subject];
  });
  broker.subscriber("logs.{level}.>", ({ params }) => params.level);
  await broker.start();
  const answer = await broker.request("orders.7.lines.1");
  assertEquals(answer.body, ["7", "1", "orders.7.lines.1"]);
  assertEquals((await broker.request("logs.warn.shop.eu")).body, "warn");
});

onEveryServer("NatsBroker.subscriber() answers a request on an unset body", async (server) => {
  const broker = server.broker();
  broker.subscriber("nothing", ({ body }) => body === undefined ? undefined : "something");
  await broker.start();
  assertEquals((await broker.request("nothing")).body, undefined);
});

onEveryServer("NatsBroker.subscriber() with a queue shares the work", async (server) => {
  const workers = [server.broker(), server.broker(), server.broker()];
  const seen = workers.map(() => 0);
  workers.forEach((worker, at) => {
    worker.subscriber("jobs", { queue: "workers" }, () => {
      seen[at]!++;
      return at;
    });
  });
  await Promise.all(workers.map((worker) => worker.start()));
  const [first] = workers;
  await Promise.all(Array.from({ length: 300 }, () => first!.request("jobs")));
  assertEquals(seen.reduce((sum, next) => sum + next), 300);
  assertEquals(seen.every((count) => count > 30), true, `shares of ${seen}`);
});

onEveryServer("NatsBroker.start() is found by a request of anyone", async (server) => {
  const asking = await connect({ servers: server.url });
  for (let round = 0; round < 25; round++) {
    const answering = server.broker();
    answering.subscriber("ready", () => "yes");
    await answering.start();
    assertEquals((await asking.request("ready", "", { timeout: 10_000 })).string(), "yes");
    await answering.stop();
  }
  await asking.close();
});

const guest = { user: "guest", password: "secret", permissions: { subscribe: ["open.>"] } };

onEveryServer(
  "NatsBroker.start() rejects where a subscription is not permitted",
  async (server) => {
    const broker = server.broker({ as: guest });
    broker.subscriber("open.door", () => "in");
    await broker.start();
    broker.subscriber("shut.door", { queue: "doors" }, () => "in");
    const error = await assertRejects(() => broker.start(), PermissionError);
    assertEquals([error.operation, error.subject], ["subscribe", "shut.door"]);
  },
  { users: [guest] },
);

onEveryServer("NatsBroker.start() after stop() serves again", async (server) => {
  const broker = server.broker();
  broker.subscriber("again", () => "yes");
  for (let round = 0; round < 3; round++) {
    await broker.start();
    assertEquals((await broker.request("again")).body, "yes");
    await broker.stop();
  }
});

onEveryServer("NatsBroker.subscriber() keeps an exception's text to itself", async (server) => {
  const broker = server.broker();
  broker.subscriber("fails", () => {
    throw new Error("the password is swordfish");
  });
  broker.subscriber("rejects", () => Promise.reject(new Error("swordfish")));
  broker.subscriber("unsendable", () => ({ big: 1n }));
  broker.subscriber("fine", () => "fine");
  await broker.start();
  const events = broker.events();
  for (const subject of ["fails", "rejects", "unsendable"]) {
    const error = await assertRejects(() => broker.request(subject), RemoteError);
    assertEquals([error.code, JSON.stringify(error).includes("swordfish")], [500, false]);
    assertEquals(error.message.includes("swordfish"), false);
    assertEquals((await events.next()).value?.type, "error");
    assertEquals((await broker.request("fine")).body, "fine");
  }
  await events.return?.();
});

onEveryServer("NatsBroker.subscriber() answers a body it cannot read with 400", async (server) => {
  const broker = server.broker();
  const handled: unknown[] = [];
  broker.subscriber("json", ({ body }) => handled.push(body));
  await broker.start();
  const broken = { headers: { "content-type": "application/json" } };
  const error = await assertRejects(() => broker.request("json", "{nope", broken), RemoteError);
  assertEquals([error.code, handled], [400, []]);
});

onEveryServer("NatsBroker.subscriber() answers 429 when too much waits", async (server) => {
  const broker = server.broker();
  const gate = Promise.withResolvers<void>();
  const options = { concurrency: 1, maxPending: { messages: 2 } };
  broker.subscriber("busy", options, async ({ body }) => {
    await gate.promise;
    return body;
  });
  await broker.start();
  const outcomes = [1, 2, 3, 4].map((body) => broker.request("busy", body));
  const refused = await assertRejects(() => outcomes[3]!, RemoteError);
  assertEquals(refused.code, 429);
  gate.resolve();
  const answers = await Promise.all(outcomes.slice(0, 3));
  assertEquals(answers.map(({ body }) => body), [1, 2, 3]);
});

onEveryServer("NatsBroker.subscriber() runs `concurrency` handlers at a time", async (server) => {
  const broker = server.broker();
  let [running, most] = [0, 0];
  const order: unknown[] = [];
  const handler = async ({ body }: { body: unknown }) => {
    most = Math.max(most, ++running);
    await delay(2);
    order.push(body);
    running--;
  };
  broker.subscriber("four", { concurrency: 4 }, handler);
  broker.subscriber("one", { concurrency: 1 }, handler);
  await broker.start();
  const bodies = Array.from({ length: 40 }, (_, at) => at);
  await Promise.all(bodies.map((body) => broker.request("four", body)));
  assertEquals(most, 4);
  order.length = most = 0;
  await Promise.all(bodies.map((body) => broker.request("one", body)));
  assertEquals([most, order], [1, bodies]);
});

onEveryServer("NatsBroker.stop() lets the handlers at work answer", async (server) => {
  const [asking, answering] = [server.broker(), server.broker()];
  answering.subscriber("slow", { concurrency: 2 }, async ({ body }) => {
    await delay(60);
    return body;
  });
  await answering.start();
  await asking.connect();
  const asked = Array.from({ length: 6 }, (_, at) => asking.request("slow", at));
  await asking.flush();
  await asking.request("slow", "warm");
  const late = [asking.request("slow", "a"), asking.request("slow", "b")];
  await asking.flush();
  await delay(10);
  await answering.stop();
  const answers = await Promise.all([...asked, ...late]);
  assertEquals(answers.map(({ body }) => body), [0, 1, 2, 3, 4, 5, "a", "b"]);
});

onEveryServer("NatsBroker.stop() aborts what is not done in time", async (server) => {
  const [asking, answering] = [server.broker(), server.broker()];
  const aborted = Promise.withResolvers<unknown>();
  answering.subscriber("endless", async ({ signal }) => {
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    aborted.resolve(signal.reason);
    return "let go";
  });
  await answering.start();
  await asking.connect();
  const asked = asking.request("endless");
  asked.catch(() => {});
  await asking.flush();
  await answering.flush();
  const began = performance.now();
  await answering.stop({ timeout: 100 });
  assertEquals(performance.now() - began < 4_000, true);
  assertEquals((await aborted.promise as Error).name, "TimeoutError");
});

onEveryServer("NatsBroker.subscriber() refuses wrong patterns and options", async (server) => {
  const broker = server.broker();
  const handler = () => {};
  for (const pattern of ["", "a..b", "a.{id", "a.{id}.{id}", "a.{}", "a.>.b", "a b", "{1}"]) {
    assertThrows(
      () => broker.subscriber(pattern, handler),
      InvalidSubjectError,
      "Cannot subscribe",
    );
  }
  const wrong = (options: object, word: string) =>
    assertThrows(() => broker.subscriber("a", options as never, handler), TypeError, word);
  wrong({ concurrency: 0 }, `"concurrency" must be a whole number of 1 or more: 0`);
  wrong({ queue: "two words" }, `"queue"`);
  wrong({ schema: {} }, `"schema"`);
  wrong({ paralel: 3 }, `"paralel"`);
  await Promise.resolve();
});

onEveryServer("Subscriber.start() refuses what another one answers by now", async (server) => {
  const broker = server.broker();
  const first = broker.subscriber("orders.new", () => "first");
  await broker.start();
  await first.stop();
  const second = await broker.subscriber("orders.*", () => "second").start();
  await assertRejects(() => first.start(), TypeError, "answered once");
  assertEquals((await broker.request("orders.new")).body, "second");
  await second.stop();
  await first.start();
  assertEquals((await broker.request("orders.new")).body, "first");
});
