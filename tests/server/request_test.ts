import {
  ConnectionError,
  DecodeError,
  EncodeError,
  InvalidSubjectError,
  NoRespondersError,
  PayloadTooLargeError,
  PermissionError,
  RemoteError,
  ReplyError,
  type Schema,
  TimeoutError,
  ValidationError,
} from "@signalbox/nats";
import { connect } from "@nats-io/transport-deno";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";

onEveryServer("NatsBroker.request() gives the answer as a message", async (server) => {
  const [asking, answering] = [server.broker({ inboxPrefix: "_ASKING" }), server.broker()];
  let replyTo: string | undefined;
  answering.subscriber("sum", (message) => {
    replyTo = message.replyTo;
    return { sum: (message.body as number[]).reduce((sum, next) => sum + next) };
  });
  await answering.start();
  await asking.connect();
  const answer = await asking.request("sum", [1, 2, 3], { correlationId: "work-7" });
  assertEquals(answer.body, { sum: 6 });
  assertEquals(answer.correlationId, "work-7");
  assertMatch(replyTo!, /^_ASKING\.[0-9A-Za-z]{22}\.[0-9A-Za-z]{22}$/);
});

onEveryServer("NatsBroker.request() shares one subscription among all", async (server) => {
  const [asking, answering] = [server.broker(), server.broker()];
  answering.subscriber("echo", ({ body }) => body);
  await answering.start();
  await asking.connect();
  const bodies = Array.from({ length: 500 }, (_, at) => `question ${at}`);
  const answers = await Promise.all(bodies.map((body) => asking.request("echo", body)));
  assertEquals(answers.map(({ body }) => body), bodies);
  assertEquals(await server.subscriptions(), 2);
});

onEveryServer("NatsBroker.request() rejects at once where nobody listens", async (server) => {
  const broker = server.broker();
  await broker.connect();
  const began = performance.now();
  const error = await assertRejects(() => broker.request("nobody"), NoRespondersError);
  assertEquals(error.subject, "nobody");
  assert(performance.now() - began < 4_000, "long before the timeout of 5 s");
});

onEveryServer("NatsBroker.request() rejects at its deadline, each at its own", async (server) => {
  const [asking, silent] = [
    server.broker({ requestTimeout: 90 }),
    await connect({ servers: server.url }),
  ];
  silent.subscribe("silence", { callback() {} });
  await silent.flush();
  await asking.connect();
  const ended: string[] = [];
  const ask = async (name: string, timeout?: number) => {
    const began = performance.now();
    const options = timeout === undefined ? undefined : { timeout };
    const error = await assertRejects(() => asking.request("silence", name, options), TimeoutError);
    ended.push(name);
    assertEquals([error.subject, error.timeout], ["silence", timeout ?? 90]);
    assert(performance.now() - began >= error.timeout - 1);
  };
  await Promise.all([ask("long", 200), ask("short", 30), ask("default")]);
  assertEquals(ended, ["short", "default", "long"]);
  await silent.close();
});

onEveryServer("NatsBroker.request() rejects with the reason of its signal", async (server) => {
  const [asking, silent] = [server.broker(), await connect({ servers: server.url })];
  silent.subscribe("silence", { callback() {} });
  await silent.flush();
  await asking.connect();
  const controller = new AbortController();
  const asked = asking.request("silence", "?", { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("changed my mind")), 20);
  await assertRejects(() => asked, Error, "changed my mind");
  const aborted = AbortSignal.abort(new Error("too late"));
  await assertRejects(() => asking.request("silence", "?", { signal: aborted }), Error, "too late");
  await silent.close();
});

onEveryServer("NatsBroker.request() gives an error answer as RemoteError", async (server) => {
  const broker = server.broker();
  broker.subscriber("orders.{id}", ({ params }) => {
    throw new ReplyError(404, "No such order", { id: params.id });
  });
  await broker.start();
  const error = await assertRejects(() => broker.request("orders.42"), RemoteError);
  assertEquals(
    [error.code, error.description, error.data, error.subject],
    [404, "No such order", { id: "42" }, "orders.42"],
  );
});

onEveryServer("NatsBroker.request() checks the answer with its schema", async (server) => {
  const broker = server.broker();
  broker.subscriber("age", ({ body }) => body);
  await broker.start();
  const { body } = await broker.request("age", 42, { schema: age });
  const next: number = body + 1;
  assertEquals(next, 43);
  const error = await assertRejects(
    () => broker.request("age", "old", { schema: age }),
    ValidationError,
  );
  assertEquals(error.issues, [{ message: "not a number", path: [] }]);
});

const age: Schema<number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => {
      await Promise.resolve();
      return typeof value === "number" ? { value } : { issues: [{ message: "not a number" }] };
    },
  },
};

onEveryServer(
  "NatsBroker.request() survives an answer that is not what it says",
  async (server) => {
    const [broker, plain] = [server.broker(), await connect({ servers: server.url })];
    const { headers } = await import("@nats-io/transport-deno");
    plain.subscribe("broken", {
      callback(_error, message) {
        const lies = headers();
        lies.set("content-type", "application/json");
        message.respond("{not json", { headers: lies });
      },
    });
    await plain.flush();
    await broker.connect();
    const answer = await broker.request("broken");
    const error = await assertRejects(async () => await answer.body, DecodeError);
    assertEquals(error.contentType, "application/json");
    assertEquals(new TextDecoder().decode(answer.data), "{not json");
    await assertRejects(() => broker.request("broken", 1, { schema: age }), DecodeError);
    await plain.close();
  },
);

onEveryServer("NatsBroker.request() refuses bad input before it is sent", async (server) => {
  const broker = server.broker();
  await broker.connect();
  for (const subject of ["", "a..b", "a.*", "a.>", "a b", "a\r\nPUB x 0", "\ud800"]) {
    await assertRejects(() => broker.request(subject), InvalidSubjectError, "Cannot request as");
    await assertRejects(() => broker.publish(subject), InvalidSubjectError, "Cannot publish as");
  }
  const negative = () => broker.request("a", 1, { timeout: -1 });
  await assertRejects(
    negative,
    TypeError,
    `"timeout" must be milliseconds from 0 to 2147483647, or text such as "30s": -1`,
  );
  const unknown = () => broker.request("a", 1, { retries: 3 } as never);
  await assertRejects(unknown, TypeError, `"retries"`);
  const breaking = { headers: { "X-A": "b\r\nX-C: d" } };
  await assertRejects(() => broker.publish("a", 1, breaking), TypeError, "one line of text");
  await assertRejects(() => broker.publish("a", 1n), EncodeError, "bigint");
  await assertRejects(() => broker.publish("a", 1, { replyTo: "b.>" }), InvalidSubjectError);
  await broker.flush();
});

onEveryServer("NatsBroker.publish() takes max_payload and not a byte more", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox();
  const error = await assertRejects(
    () => broker.publish(inbox.subject, new Uint8Array(2_048)),
    PayloadTooLargeError,
  );
  assertEquals(error.limit, 2_048);
  const overhead = error.size - 2_048;
  await broker.publish(inbox.subject, new Uint8Array(2_048 - overhead));
  assertEquals((await inbox.next({ timeout: 10_000 }))?.data.length, 2_048 - overhead);
}, { maxPayload: 2_048 });

onEveryServer("NatsBroker.request() rejects before a connect and after a stop", async (server) => {
  const broker = server.broker();
  const before = await assertRejects(() => broker.request("a"), ConnectionError);
  assertEquals(before.reason, "not-connected");
  const silent = await connect({ servers: server.url });
  silent.subscribe("silence", { callback() {} });
  await silent.flush();
  await broker.connect();
  const asked = assertRejects(() => broker.request("silence"), ConnectionError);
  await broker.stop();
  assertEquals((await asked).reason, "closed");
  await assertRejects(() => broker.publish("a"), ConnectionError, "call connect()");
  await silent.close();
});

const locked = {
  user: "locked",
  password: "secret",
  permissions: { publish: ["open.>"], subscribe: ["_LOCKED.>"] },
};
const service = { user: "service", password: "secret" };

onEveryServer("NatsBroker.request() tells at once what the server forbids", async (server) => {
  const answering = server.broker({ as: service });
  answering.subscriber("open.echo", ({ body }) => body);
  answering.subscriber("shut.echo", ({ body }) => body);
  await answering.start();
  const asking = server.broker({ as: locked, inboxPrefix: "_LOCKED" });
  await asking.connect();
  assertEquals((await asking.request("open.echo", "in")).body, "in");
  const question = await assertRejects(() => asking.request("shut.echo"), PermissionError);
  assertEquals([question.operation, question.subject], ["publish", "shut.echo"]);

  const elsewhere = server.broker({ as: locked, inboxPrefix: "_ELSEWHERE" });
  await elsewhere.connect();
  const answer = await assertRejects(() => elsewhere.request("open.echo"), PermissionError);
  assertEquals(answer.operation, "subscribe");
  assertMatch(answer.subject, /^_ELSEWHERE\./);
}, { users: [locked, service] });
