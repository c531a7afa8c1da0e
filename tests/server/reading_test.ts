import { type Message, PermissionError } from "@signalbox/nats";
import { assertEquals, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";

const sent = [0, 1, 2];

async function bodiesOf(messages: AsyncIterable<Message>): Promise<unknown[]> {
  const bodies = [];
  for await (const { body } of messages) bodies.push(body);
  return bodies;
}

onEveryServer(
  "ReadSubscriber.stop() leaves what waits to a running loop, and ends it",
  async (server) => {
    const broker = server.broker();
    const subscriber = broker.subscriber("work");
    await broker.start();
    for (const body of sent) await broker.publish("work", body);
    await broker.flush();
    const read = [];
    for await (const { body } of subscriber) {
      read.push(body);
      if (body === 0) await subscriber.stop();
    }
    assertEquals(read, sent);
    assertEquals([await subscriber.next(), subscriber.dropped], [undefined, 0]);
    await broker.flush();
    assertEquals(await server.subscriptions(), 0);
  },
);

onEveryServer("ReadSubscriber.stop() wakes who waits", async (server) => {
  const broker = server.broker();
  const subscriber = broker.subscriber("work");
  await broker.start();
  const [waiting, loop] = [subscriber.next(), bodiesOf(subscriber)];
  await subscriber.stop();
  await subscriber.stop();
  assertEquals([await waiting, await loop], [undefined, []]);
});

onEveryServer("ReadSubscriber can be read once its broker has stopped", async (server) => {
  const broker = server.broker();
  const subscriber = broker.subscriber("work");
  await broker.start();
  for (const body of sent) await broker.publish("work", body);
  await broker.flush();
  await broker.stop();
  assertEquals(await bodiesOf(subscriber), sent);
});

onEveryServer(
  "ReadSubscriber.start() subscribes once, however often it is called",
  async (server) => {
    const broker = server.broker();
    await broker.connect();
    const subscriber = broker.subscriber("work");
    const started = await Promise.all([subscriber.start(), subscriber.start()]);
    assertEquals(started.map((each) => each === subscriber), [true, true]);
    await subscriber.start();
    assertEquals(await server.subscriptions(), 1);
    await broker.publish("work", "once");
    assertEquals((await subscriber.next())?.body, "once");
    await subscriber.stop();
    await broker.flush();
    assertEquals(await server.subscriptions(), 0);
  },
);

onEveryServer("ReadSubscriber.stop() ends a start() that is under way", async (server) => {
  const broker = server.broker();
  await broker.connect();
  const subscriber = broker.subscriber("work");
  const starting = subscriber.start();
  await subscriber.stop();
  await starting;
  await broker.flush();
  assertEquals([await server.subscriptions(), await subscriber.next()], [0, undefined]);
});

onEveryServer("ReadSubscriber can be started anew", async (server) => {
  const broker = server.broker();
  await broker.connect();
  const subscriber = broker.subscriber("work");
  await assertRejects(() => subscriber.next(), TypeError, "call start() first");
  for (const body of sent) {
    await subscriber.start();
    await broker.publish("work", body);
    assertEquals((await subscriber.next())?.body, body);
    await subscriber.stop();
  }
});

const guest = {
  user: "guest",
  password: "secret",
  permissions: { subscribe: ["_INBOX.>"], publish: [">"] },
};

onEveryServer(
  "ReadSubscriber.start() rejects each time where it is not permitted",
  async (server) => {
    const broker = server.broker({ as: guest });
    await broker.connect();
    const subscriber = broker.subscriber("work");
    for (let time = 0; time < 2; time++) {
      await assertRejects(() => subscriber.start(), PermissionError);
      await assertRejects(() => subscriber.next(), TypeError, "call start() first");
    }
  },
  { users: [guest] },
);

onEveryServer("ReadSubscriber.start() can be tried again", async (server) => {
  const broker = server.broker();
  const subscriber = broker.subscriber("work");
  await assertRejects(() => subscriber.start(), Error, "call connect()");
  await broker.connect();
  await subscriber.start();
  assertEquals(await server.subscriptions(), 1);
});

onEveryServer(
  "ReadSubscriber's loop can be left while it waits, and others go on",
  async (server) => {
    const broker = server.broker();
    const subscriber = broker.subscriber("work");
    await broker.start();
    const iterator = subscriber[Symbol.asyncIterator]();
    const left = iterator.next();
    const stays = subscriber.next();
    const done = { done: true, value: undefined } as const;
    assertEquals(await iterator.return?.(), done);
    assertEquals([await left, await iterator.next()], [done, done]);
    await broker.publish("work", "kept");
    assertEquals((await stays)?.body, "kept");
    const reader = ReadableStream.from(subscriber).getReader();
    await broker.publish("work", "streamed");
    assertEquals((await reader.read()).value?.body, "streamed");
    await reader.cancel();
    await broker.publish("work", "still open");
    assertEquals((await subscriber.next())?.body, "still open");
  },
);

onEveryServer(
  "ReadSubscriber starts again with its broker, and not once it was stopped",
  async (server) => {
    const broker = server.broker();
    const [stays, leaves] = [broker.subscriber("stays"), broker.subscriber("leaves")];
    await broker.start();
    await leaves.stop();
    await broker.stop();
    await broker.start();
    await broker.publish("stays", "again");
    assertEquals((await stays.next())?.body, "again");
    assertEquals(await leaves.next(), undefined);
    assertEquals(await server.subscriptions(), 1);
  },
);
