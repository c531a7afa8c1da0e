import {
  ConnectionError,
  DecodeError,
  InvalidSubjectError,
  NatsBroker,
  NoRespondersError,
  PayloadTooLargeError,
  PermissionError,
  RemoteError,
  ReplyError,
  type Schema,
  TimeoutError,
  ValidationError,
} from "@signalbox/nats";
import { connect, headers } from "@nats-io/transport-deno";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Proxy } from "../support/proxy.ts";

/** A broker for each reply, all of them on the subject `ask`. */
async function answering(server: Backend, ...replies: ((body: unknown) => unknown)[]) {
  const brokers = replies.map((reply) => {
    const broker = server.broker();
    broker.subscriber("ask", ({ body }) => reply(body));
    return broker;
  });
  await Promise.all(brokers.map((broker) => broker.start()));
}

async function asking(server: Backend): Promise<NatsBroker> {
  const broker = server.broker({ inboxPrefix: "_ASKING" });
  await broker.connect();
  return broker;
}

/** A responder that is no broker: it answers as often as it likes, or not at all. */
async function plainly(server: Backend, ...answers: (string | Uint8Array)[]) {
  const client = await connect({ servers: server.url });
  const asked: string[] = [];
  client.subscribe("ask", {
    callback(_error, message) {
      asked.push(message.reply!);
      for (const answer of answers) message.respond(answer);
    },
  });
  await client.flush();
  return { client, asked, [Symbol.asyncDispose]: () => client.close() };
}

onEveryServer("NatsBroker.requestMany() gives one reply each from many", async (server) => {
  await answering(server, ...["a", "b", "c"].map((name) => (body: unknown) => `${name}: ${body}`));
  const broker = await asking(server);
  const answers = broker.requestMany("ask", "price?", { max: 3, correlationId: "work-7" });
  const bodies = [];
  for await (const { body, correlationId, subject } of answers) {
    bodies.push(body);
    assertEquals(correlationId, "work-7");
    assertMatch(subject, /^_ASKING\.[0-9A-Za-z]{22}$/);
  }
  assertEquals(bodies.sort(), ["a: price?", "b: price?", "c: price?"]);
  assertEquals(await answers.closed, "max");
  await broker.flush();
  assertEquals(await server.subscriptions(), 3);
});

onEveryServer("NatsBroker.requestMany() asks on an inbox of its own each time", async (server) => {
  await using plain = await plainly(server, "yes");
  const broker = await asking(server);
  for (let time = 0; time < 3; time++) {
    for await (const _ of broker.requestMany("ask", "?", { max: 1 }));
  }
  for (const inbox of plain.asked) assertMatch(inbox, /^_ASKING\.[0-9A-Za-z]{22}$/);
  assertEquals(new Set(plain.asked).size, 3);
});

onEveryServer(
  "NatsBroker.requestMany() asks at the call, whether or not it is read",
  async (server) => {
    await using plain = await plainly(server, "yes");
    const broker = await asking(server);
    const answers = broker.requestMany("ask", "?", { timeout: 2_300 });
    assertEquals(await answers.closed, "timeout");
    assertEquals(plain.asked.length, 1);
    await broker.flush();
    assertEquals(await server.subscriptions(), 1);
    const read = [];
    for await (const { body } of answers) read.push(body);
    assertEquals(read, ["yes"]);
  },
);

onEveryServer("NatsBroker.requestMany() tells `stall` from `timeout`", async (server) => {
  await using _slow = await plainly(server);
  let later = () => delay(120);
  await answering(server, () => "at once", () => later().then(() => "after a while"));
  const broker = await asking(server);
  const collect = async (options: { stall?: number; timeout: number }) => {
    const began = performance.now();
    const answers = broker.requestMany("ask", "?", options);
    const bodies = [];
    for await (const { body } of answers) bodies.push(body);
    return { bodies, ended: await answers.closed, took: performance.now() - began };
  };
  const [patient, whole] = await Promise.all([
    collect({ stall: 2_200, timeout: 10_000 }),
    collect({ timeout: 2_400 }),
  ]);
  assertEquals([patient.bodies, patient.ended], [["at once", "after a while"], "stall"]);
  assert(patient.took < 8_000, `${patient.took}`);
  assertEquals([whole.bodies, whole.ended], [["at once", "after a while"], "timeout"]);
  assert(whole.took >= 2_398, `${whole.took}`);
  // however slow the way of the first answer is, the second one comes too late
  const over = Promise.withResolvers<void>();
  later = () => over.promise;
  const hasty = await collect({ stall: 40, timeout: 5_000 });
  over.resolve();
  assertEquals([hasty.bodies, hasty.ended], [["at once"], "stall"]);
});

onEveryServer(
  "NatsBroker.requestMany() hears what came while its reader was busy",
  async (server) => {
    await using plain = await plainly(server, "first");
    const broker = await asking(server);
    const answers = broker.requestMany("ask", "?", { stall: 30, timeout: 20_000 });
    const bodies = [];
    for await (const { body, subject } of answers) {
      bodies.push(body);
      if (body !== "first") continue;
      plain.client.publish(subject, "second");
      for (let turn = 0; turn < 20; turn++) await undefined;
      // nothing else of this program runs, and a busy server has answered by then
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);
    }
    assertEquals(bodies, ["first", "second"]);
  },
  { ownProcess: true },
);

onEveryServer(
  "NatsBroker.requestMany() ends with `timeout` where all are silent",
  async (server) => {
    await using plain = await plainly(server);
    const broker = await asking(server);
    const answers = broker.requestMany("ask", "?", { timeout: 60 });
    for await (const _ of answers) throw new Error("nobody has answered");
    assertEquals(await answers.closed, "timeout");
    await until("it must be asked", () => plain.asked.length > 0);
    assertEquals(plain.asked.length, 1);
  },
);

onEveryServer("NatsBroker.requestMany() rejects at once where nobody listens", async (server) => {
  const broker = await asking(server);
  const began = performance.now();
  const answers = broker.requestMany("nobody");
  const error = await assertRejects(() => Array.fromAsync(answers), NoRespondersError);
  assertEquals(error.subject, "nobody");
  assertEquals(await answers.closed, "no-responders");
  assert(performance.now() - began < 4_000, "long before the timeout of 5 s");
  await broker.flush();
  assertEquals(await server.subscriptions(), 0);
});

onEveryServer("NatsBroker.requestMany() takes an empty answer for an answer", async (server) => {
  await using _plain = await plainly(server, "", "more");
  const broker = await asking(server);
  const read = await Array.fromAsync(broker.requestMany("ask", "?", { max: 2 }));
  assertEquals(read.map(({ data }) => data.length), [0, 4]);
});

onEveryServer(
  "NatsBroker.requestMany() gives an error answer beside the others",
  async (server) => {
    await answering(server, () => "in stock", () => {
      throw new ReplyError(404, "No such thing", { id: 7 });
    });
    const broker = await asking(server);
    const read = await Array.fromAsync(broker.requestMany("ask", "?", { max: 2 }));
    assertEquals(read.filter(({ error }) => !error).map(({ body }) => body), ["in stock"]);
    const error = read.find(({ error }) => error)!.error;
    assertInstanceOf(error, RemoteError);
    assertEquals([error.code, error.data, error.subject], [404, { id: 7 }, "ask"]);
  },
);

const number: Schema<number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "number" ? { value } : { issues: [{ message: "not a number" }] },
  },
};

onEveryServer("NatsBroker.requestMany() checks each answer with its schema", async (server) => {
  await answering(server, () => 42, () => "many");
  const broker = await asking(server);
  let sum = 0;
  const errors: unknown[] = [];
  for await (const answer of broker.requestMany("ask", "?", { max: 2, schema: number })) {
    if (answer.error) errors.push(answer.error);
    else sum += answer.body;
  }
  assertEquals(sum, 42);
  assertEquals(errors.length, 1);
  assertInstanceOf(errors[0], ValidationError);
});

onEveryServer(
  "NatsBroker.requestMany() survives an answer that is not what it says",
  async (server) => {
    await answering(server, () => "whole");
    await using plain = await plainly(server);
    plain.client.subscribe("ask", {
      callback(_error, message) {
        const lies = headers();
        lies.set("content-type", "application/json");
        message.respond("{not json", { headers: lies });
      },
    });
    await plain.client.flush();
    const broker = await asking(server);
    const read = await Array.fromAsync(broker.requestMany("ask", "?", { max: 2 }));
    const broken = read.filter(({ error }) => error instanceof DecodeError);
    assertEquals(broken.map(({ data }) => new TextDecoder().decode(data)), ["{not json"]);
    assertEquals(read.length, 2);
  },
);

onEveryServer("NatsBroker.requestMany() unsubscribes when its loop is left", async (server) => {
  await using _plain = await plainly(server, "1", "2", "3");
  const broker = await asking(server);
  const answers = broker.requestMany("ask");
  for await (const { body } of answers) {
    assertEquals(body, 1);
    break;
  }
  assertEquals(await answers.closed, "cancelled");
  await broker.flush();
  assertEquals(await server.subscriptions(), 1);
  assertEquals(await Array.fromAsync(answers), []);
});

onEveryServer("NatsBroker.requestMany() rejects with the reason of its signal", async (server) => {
  await using plain = await plainly(server);
  const broker = await asking(server);
  const controller = new AbortController();
  const answers = broker.requestMany("ask", "?", { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("changed my mind")), 20);
  await assertRejects(() => Array.fromAsync(answers), Error, "changed my mind");
  assertEquals(await answers.closed, "cancelled");
  const late = broker.requestMany("ask", "?", { signal: controller.signal });
  await assertRejects(() => Array.fromAsync(late), Error, "changed my mind");
  await broker.flush();
  await plain.client.flush();
  assertEquals(plain.asked.length, 1);
});

onEveryServer("NatsBroker.requestMany() asks no middleware in vain", async (server) => {
  const broker = server.broker();
  let asked = 0;
  broker.use({
    publish() {
      asked++;
      return Promise.reject(new RangeError("not this one"));
    },
  });
  assertThrows(() => broker.requestMany("ask"), ConnectionError, "call connect()");
  await broker.connect();
  const signal = AbortSignal.abort(new Error("too late"));
  await assertRejects(
    () => Array.fromAsync(broker.requestMany("ask", "?", { signal })),
    Error,
    "too late",
  );
  assertEquals(asked, 0);
  await assertRejects(() => Array.fromAsync(broker.requestMany("ask")), RangeError, "not this one");
});

onEveryServer("NatsBroker.requestMany() throws bad input before it is sent", async (server) => {
  const broker = await asking(server);
  for (const subject of ["", "a..b", "a.*", "a.>", "a b", "a\r\nPUB x 0", "\ud800"]) {
    const told = "Cannot request many as";
    assertThrows(() => broker.requestMany(subject), InvalidSubjectError, told);
  }
  assertThrows(() => broker.requestMany("a", 1, { max: 0 }), TypeError, `"max" must be`);
  assertThrows(() => broker.requestMany("a", 1, { sentinel: 1 } as never), TypeError, `"sentinel"`);
  assertThrows(() => broker.requestMany("a", new Uint8Array(2_048)), PayloadTooLargeError);
  assertThrows(() => server.broker().requestMany("a"), ConnectionError, "call connect()");
  await broker.flush();
  assertEquals(await server.subscriptions(), 0);
}, { maxPayload: 2_048 });

onEveryServer("NatsBroker.requestMany() says so when the broker stops", async (server) => {
  await using _plain = await plainly(server, "kept");
  const broker = await asking(server);
  const iterator = broker.requestMany("ask")[Symbol.asyncIterator]();
  assertEquals((await iterator.next()).value?.body, "kept");
  const rejected = assertRejects(() => iterator.next(), ConnectionError);
  await broker.stop();
  assertEquals((await rejected).reason, "closed");
});

const locked = {
  user: "locked",
  password: "secret",
  permissions: { publish: ["open.>"], subscribe: ["_LOCKED.>"] },
};
const service = { user: "service", password: "secret" };

onEveryServer("NatsBroker.requestMany() tells at once what the server forbids", async (server) => {
  const echo = server.broker({ as: service });
  echo.subscriber("open.echo", ({ body }) => body);
  echo.subscriber("shut.echo", ({ body }) => body);
  await echo.start();
  const broker = server.broker({ as: locked, inboxPrefix: "_LOCKED" });
  await broker.connect();
  const [answer] = await Array.fromAsync(broker.requestMany("open.echo", "in", { max: 1 }));
  assertEquals(answer?.body, "in");
  const shut = broker.requestMany("shut.echo");
  const question = await assertRejects(() => Array.fromAsync(shut), PermissionError);
  assertEquals([question.operation, question.subject], ["publish", "shut.echo"]);
  assertEquals(await shut.closed, "permission");

  const elsewhere = server.broker({ as: locked, inboxPrefix: "_ELSEWHERE" });
  await elsewhere.connect();
  const deaf = elsewhere.requestMany("open.echo");
  const inbox = await assertRejects(() => Array.fromAsync(deaf), PermissionError);
  assertEquals(inbox.operation, "subscribe");
  assertMatch(inbox.subject, /^_ELSEWHERE\.[0-9A-Za-z]{22}$/);
}, { users: [locked, service] });

const reconnecting = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;

Deno.test("NatsBroker.requestMany() while disconnected waits for the connection, or is never sent", async () => {
  await using server = await NatsServer.start();
  await using proxy = await Proxy.start(server.port);
  const handled: unknown[] = [];
  await using answering = new NatsBroker(server.url, reconnecting);
  answering.subscriber("orders", ({ body }) => (handled.push(body), body));
  await answering.start();
  await using broker = new NatsBroker(proxy.url, reconnecting);
  await broker.connect();
  await proxy.refuse();
  const events = broker.events();
  proxy.cut();
  for await (const { type } of events) if (type === "disconnected") break;

  const ask = (body: string, timeout: number, signal?: AbortSignal) =>
    broker.requestMany("orders", body, { max: 1, timeout, ...(signal && { signal }) });
  const patient = ask("patient", 10_000);
  await assertRejects(() => Array.fromAsync(ask("timed out", 40)), TimeoutError);
  const aborted = ask("aborted", 10_000, AbortSignal.timeout(40));
  await assertRejects(() => Array.fromAsync(aborted), DOMException);
  const left = ask("left", 10_000);
  await left.close();
  proxy.accept();
  assertEquals((await Array.fromAsync(patient)).map(({ body }) => body), ["patient"]);
  await broker.request("orders", "after");
  assertEquals(handled, ["patient", "after"]);
});
