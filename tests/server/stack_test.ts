import { type NatsBroker, NoRespondersError, RemoteError, TimeoutError } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";

/** The error of a call, which the program awaits in a function of its own. */
async function errorOf(call: () => Promise<unknown>): Promise<Error> {
  async function theProgram(): Promise<unknown> {
    return await call();
  }
  try {
    await theProgram();
  } catch (error) {
    assertInstanceOf(error, Error);
    return error;
  }
  throw new Error("it must reject");
}

async function assertLeadsToTheProgram(
  kind: new (...args: never[]) => Error,
  call: () => Promise<unknown>,
): Promise<void> {
  const error = await errorOf(call);
  assertInstanceOf(error, kind);
  assertMatch(error.stack!, /theProgram .*stack_test\.ts/, error.stack);
}

async function started(broker: NatsBroker): Promise<NatsBroker> {
  broker.subscriber("slow", () => new Promise(() => {}));
  broker.subscriber("failing", () => {
    throw new Error("its own");
  });
  broker.subscriber("stream", async function* () {
    yield 1;
    await new Promise(() => {});
  });
  broker.subscriber("odd", () => "text");
  await broker.start();
  return broker;
}

onEveryServer(
  "NatsBroker.request() rejects with a stack that leads to the program's await",
  async (server) => {
    const broker = await started(server.broker());
    const soon = { timeout: 20 };
    await assertLeadsToTheProgram(TimeoutError, () => broker.request("slow", null, soon));
    await assertLeadsToTheProgram(NoRespondersError, () => broker.request("nobody"));
    await assertLeadsToTheProgram(RemoteError, () => broker.request("failing"));
    await broker.stop({ timeout: 50 });
  },
);

onEveryServer(
  "NatsBroker.requestMany() throws in the loop with a stack that leads to the program's await",
  async (server) => {
    const broker = await started(server.broker());
    await assertLeadsToTheProgram(NoRespondersError, async () => {
      for await (const { body } of broker.requestMany("nobody")) void body;
    });
    await broker.stop({ timeout: 50 });
  },
);

onEveryServer(
  "Inbox.next() and received() time out with a stack that leads to the program's await",
  async (server) => {
    const broker = server.broker();
    const subscriber = broker.subscriber("quiet", () => {});
    const reader = broker.subscriber("read");
    await broker.start();
    await using inbox = await broker.openInbox();
    const soon = { timeout: 20 };
    await assertLeadsToTheProgram(TimeoutError, () => inbox.next(soon));
    await assertLeadsToTheProgram(TimeoutError, () => reader.next(soon));
    await assertLeadsToTheProgram(TimeoutError, () => subscriber.received(1, soon));
  },
);

onEveryServer(
  "Session.next() times out with a stack that leads to the program's await",
  async (server) => {
    const broker = server.broker();
    broker.session("talk", async (session) => {
      await session.closed;
    });
    await broker.start();
    await using session = await broker.openSession("talk");
    await assertLeadsToTheProgram(TimeoutError, () => session.next({ timeout: 20 }));
  },
);

onEveryServer(
  "NatsBroker.request() leaves the stack of a reason that is the program's",
  async (server) => {
    const broker = await started(server.broker());
    const reason = new Error("why");
    const { stack } = reason;
    const leaving = new AbortController();
    const asked = errorOf(() => broker.request("slow", null, { signal: leaving.signal }));
    leaving.abort(reason);
    assertEquals(await asked, reason);
    assert(reason.stack === stack);
    await broker.stop({ timeout: 50 });
  },
);
