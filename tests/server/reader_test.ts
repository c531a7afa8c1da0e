import {
  type Answers,
  type Inbox,
  type NatsBroker,
  type Reader,
  type ReadSubscriber,
  type ReplyStream,
  type Schema,
  type Session,
  TimeoutError,
  ValidationError,
} from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { Spy } from "../support/spy.ts";
import { within } from "../support/within.ts";

/** What a reader is opened with in these tests. */
interface How {
  readonly schema?: Schema<number, unknown>;
}

/** A reader, how to send to it, and how its program leaves it. */
interface Scene {
  readonly reader: Reader<{ readonly body: unknown }>;
  readonly send: (body: unknown) => Promise<unknown>;
  readonly leave: () => Promise<unknown>;
}

async function openInbox(broker: NatsBroker, how: How): Promise<Scene> {
  const reader = await broker.openInbox(how);
  const send = (body: unknown) => broker.publish(reader.subject, body);
  return { reader, send, leave: () => reader.close() };
}

async function startSubscriber(broker: NatsBroker, how: How): Promise<Scene> {
  const reader = await broker.subscriber("read.{id}", how).start();
  return { reader, send: (body) => broker.publish("read.7", body), leave: () => reader.stop() };
}

async function askMany(broker: NatsBroker, how: How): Promise<Scene> {
  const questions = await broker.subscriber("many").start();
  const reader = broker.requestMany("many", null, { ...how, timeout: 20_000 });
  const { replyTo, correlationId } = (await questions.next())!;
  const send = (body: unknown) => broker.publish(replyTo!, body, { correlationId: correlationId! });
  return { reader, send, leave: () => reader.close() };
}

/** Values that a streaming handler yields as they are given. */
async function requestStream(broker: NatsBroker, how: How): Promise<Scene> {
  const { readable, writable } = new TransformStream();
  const values = writable.getWriter();
  await broker.subscriber("stream", async function* ({ signal }) {
    signal.addEventListener("abort", () => void values.close().catch(() => {}));
    yield* readable;
  }).start();
  const reader = broker.requestStream("stream", null, how);
  await reader.accepted;
  const send = (value: unknown) => Promise.resolve(void values.write({ value }.value));
  return { reader, send, leave: () => reader.close() };
}

async function openSession(broker: NatsBroker, how: How): Promise<Scene> {
  const served = Promise.withResolvers<Session>();
  await broker.session("talk", async (session) => {
    served.resolve(session);
    await session.closed;
  }).start();
  const reader = await broker.openSession("talk", null, how);
  const other = await served.promise;
  return {
    reader,
    send: (body) => other.send(body),
    leave: () => Promise.resolve(reader.abort()),
  };
}

const SCENES: Readonly<Record<string, (broker: NatsBroker, how: How) => Promise<Scene>>> = {
  Inbox: openInbox,
  ReadSubscriber: startSubscriber,
  Answers: askMany,
  ReplyStream: requestStream,
  Session: openSession,
};

/** One test for each kind of reader, on both servers. */
function onEveryReader(
  sentence: string,
  test: (scene: (how?: How) => Promise<Scene>) => Promise<void>,
): void {
  for (const [name, open] of Object.entries(SCENES)) {
    onEveryServer(`${name} ${sentence}`, async (server: Backend) => {
      const broker = server.broker();
      await broker.start();
      await test((how = {}) => open(broker, how));
    });
  }
}

const number: Schema<number, unknown> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "number" ? { value } : { issues: [{ message: "must be a number" }] },
  },
};

/** It never says anything. */
const never: Schema<number, unknown> = {
  "~standard": { version: 1, vendor: "test", validate: () => new Promise(() => {}) },
};

/** As `number`, but it takes so many milliseconds. */
function slow(milliseconds: number): Schema<number, unknown> {
  const { validate } = number["~standard"];
  const late = async (value: unknown) => {
    await delay(milliseconds);
    return await validate(value);
  };
  return { "~standard": { version: 1, vendor: "test", validate: late } };
}

onEveryReader("reads by next(), by a loop and as a Web Stream", async (scene) => {
  const { reader, send } = await scene();
  await send(1);
  assertEquals((await reader.next({ timeout: 5_000 }))?.body, 1);
  await send(2);
  assertEquals((await reader.next())?.body, 2);
  const stream = reader.readable;
  assertEquals(reader.readable, stream, "it is the same each time");
  const bodies = stream.getReader();
  await send(3);
  assertEquals(await bodies.read(), { done: false, value: 3 });
  assertEquals(reader.dropped, 0);
  await send(4);
  for await (const { body } of reader) {
    assertEquals(body, 4);
    break;
  }
});

onEveryReader(
  "waits within the timeout and the signal of next(), and stays open",
  async (scene) => {
    const { reader, send } = await scene();
    const late = reader.next({ timeout: 30 });
    // a program that is busy meanwhile has less of it left
    for (const began = performance.now(); performance.now() - began < 5;);
    const error = await assertRejects(() => late, TimeoutError);
    assertEquals(error.timeout, 30);
    const leaving = new AbortController();
    const waiting = reader.next({ signal: leaving.signal });
    const reason = new Error("enough");
    leaving.abort(reason);
    assertEquals(await assertRejects(() => waiting), reason);
    assertEquals(await assertRejects(() => reader.next({ signal: leaving.signal })), reason);
    await send("still there");
    assertEquals((await reader.next({ timeout: 5_000 }))?.body, "still there");
    for (const wrong of [{ timeout: -1 }, { timeout: "soon" }, { signal: 1 }, { limit: 1 }]) {
      const next = () => reader.next(wrong as { timeout?: number });
      await assertRejects(next, TypeError, "Cannot wait for a message as ");
    }
  },
);

onEveryReader('is closed as "cancelled" once its program leaves it', async (scene) => {
  const { reader, leave } = await scene();
  const waiting = reader.next().catch(() => undefined);
  await leave();
  assertEquals(await within("it must end", reader.closed), "cancelled");
  assertEquals(await within("the wait must end", waiting), undefined);
});

onEveryReader("checks bodies by its schema, and gives what fits after that", async (scene) => {
  const { reader, send } = await scene({ schema: number });
  const isAnswers = "close" in reader && !("subject" in reader) && !("accepted" in reader);
  await send("none");
  await send(7);
  if (isAnswers) {
    const failed = await reader.next({ timeout: 5_000 }) as { readonly error?: unknown };
    assert(failed.error instanceof ValidationError);
  } else {
    await assertRejects(() => reader.next({ timeout: 5_000 }), ValidationError);
  }
  assertEquals((await reader.next({ timeout: 5_000 }))?.body, 7);
});

onEveryReader(
  "keeps for the next reader what a slow schema has at the end of a wait",
  async (scene) => {
    const { reader, send } = await scene({ schema: slow(150) });
    await send(1);
    await send(2);
    await assertRejects(() => reader.next({ timeout: 60 }), TimeoutError);
    assertEquals((await reader.next({ timeout: 5_000 }))?.body, 1);
    assertEquals((await reader.next())?.body, 2);
  },
);

onEveryServer(
  "Inbox.close() ends the wait for a slow schema",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    const inbox = await broker.openInbox({ schema: never });
    await broker.publish(inbox.subject, 1);
    const waiting = inbox.next();
    await broker.flush();
    await inbox.close();
    assertEquals(await within("the wait must end", waiting), undefined);
  },
);

onEveryServer(
  "ReadSubscriber.closed and .readable are new after a further start",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    const subscriber = broker.subscriber("work.{id}");
    const first = subscriber.closed;
    await assertRejects(() => subscriber.readable.getReader().read(), TypeError, "call start()");
    await subscriber.start();
    assertEquals(subscriber.closed, first);
    const stream = subscriber.readable;
    await subscriber.stop();
    assertEquals(await first, "cancelled");
    assertEquals(await Array.fromAsync(stream), []);
    await subscriber.start();
    assert(subscriber.closed !== first && subscriber.readable !== stream);
    await broker.publish("work.7", "more");
    const reading = subscriber.readable.getReader();
    assertEquals((await reading.read()).value, "more");
    const waiting = subscriber.next();
    await reading.cancel();
    await broker.publish("work.7", "for the other");
    assertEquals((await waiting)?.params.id, "7");
    await broker.stop();
    assertEquals(await subscriber.closed, "connection");
  },
);

onEveryServer(
  "Answers.readable fails with the error of an answer, and ends the request",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    const { reader, send } = await askMany(broker, { schema: number });
    await send(1);
    await send("none");
    const bodies = reader.readable.getReader();
    assertEquals((await bodies.read()).value, 1);
    await assertRejects(() => bodies.read(), ValidationError);
    assertEquals(await reader.closed, "cancelled");
  },
);

onEveryServer(
  "ReplyStream.next() waits for a responder that does not speak of links",
  async (server) => {
    const broker = server.broker();
    await broker.start();
    await using spy = await Spy.connect(server.url);
    const questions = await broker.subscriber("plain").start();
    const stream = broker.requestStream<number>("plain", null, { schema: slow(100) });
    const replyTo = (await questions.next())!.replyTo!;
    await assertRejects(() => stream.next({ timeout: 30 }), TimeoutError);
    for (const payload of ["1", "2", ""]) await spy.say(replyTo, { payload });
    const first = stream.next({ timeout: 5_000 });
    assertEquals((await first)?.body, 1);
    await assertRejects(() => stream.next({ timeout: 20 }), TimeoutError);
    assertEquals((await stream.next())?.body, 2);
    assertEquals(await stream.next({ timeout: 5_000 }), undefined);
    assertEquals(await stream.closed, "complete");
  },
);

Deno.test("Reader is what all readers are, and types their bodies", () => {
  type OfNumbers = Reader<{ readonly body: number }>;
  const all = (
    inbox: Inbox<number>,
    stream: ReplyStream<number>,
    session: Session<number>,
    subscriber: ReadSubscriber<number, { readonly id: string }>,
    answers: Answers<number>,
  ): OfNumbers[] => {
    const some: Reader<{ readonly body: unknown }> = answers;
    return [inbox, stream, session, subscriber, ...some.dropped > 0 ? [inbox] : []];
  };
  assertEquals(all.length, 5);
  assertType<IsExact<Answers<number>["readable"], ReadableStream<number>>>(true);
  assertType<IsExact<Inbox<number>["readable"], ReadableStream<number>>>(true);
  assertType<IsExact<Session<number>["readable"], ReadableStream<number>>>(true);
  assertType<IsExact<OfNumbers["readable"], ReadableStream<number>>>(true);
});
