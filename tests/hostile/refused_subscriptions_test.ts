import { type Inbox, PermissionError, SubscriptionError } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { resubscribingEvery } from "../support/internals.ts";
import { until } from "../support/nats_server/until.ts";
import { recorded } from "../support/recorded.ts";
import { within } from "../support/within.ts";

const LIMIT = 10;
const needs = { maxSubscriptions: LIMIT };

/** Does something while what was refused is subscribed again 100 times as often. */
function inHaste<T>(work: () => Promise<T>): Promise<T> {
  return resubscribingEvery(50, work);
}

/** A broker with so many inboxes that so many subscriptions are left to it. */
async function crowded(server: Backend, left: number) {
  const broker = server.broker();
  await broker.connect();
  const inboxes = await Promise.all(
    Array.from({ length: LIMIT - left }, () => broker.openInbox()),
  );
  return { broker, inboxes };
}

async function leave(inboxes: Inbox[], count: number): Promise<void> {
  await Promise.all(inboxes.splice(0, count).map((inbox) => inbox.close()));
}

function assertFull(error: Error): void {
  assertInstanceOf(error, SubscriptionError);
  assertEquals(error.words, "maximum subscriptions exceeded");
}

onEveryServer(
  "NatsBroker.openInbox() rejects beyond `max_subscriptions`, and works again when there is room",
  async (server) => {
    const { broker, inboxes } = await crowded(server, 0);
    for (let round = 0; round < 3; round++) {
      assertFull(await assertRejects(() => broker.openInbox(), SubscriptionError));
    }
    await leave(inboxes, 1);
    await using inbox = await broker.openInbox();
    await broker.publish(inbox.subject, "heard");
    assertEquals((await inbox.next({ timeout: 5_000 }))?.body, "heard");
  },
  needs,
);

onEveryServer(
  "NatsBroker.openInbox() tells those that the server took from those that it refused, all opened at once",
  async (server) => {
    const { broker } = await crowded(server, 4);
    const opened = await Promise.allSettled(Array.from({ length: 50 }, () => broker.openInbox()));
    const taken = opened.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    assertEquals(taken.length, 4);
    for (const inbox of taken) {
      await broker.publish(inbox.subject, "heard");
      assertEquals((await inbox.next({ timeout: 5_000 }))?.body, "heard");
    }
    for (const one of opened) if (one.status === "rejected") assertFull(one.reason);
    await broker.flush();
    assertEquals(await server.subscriptions(), LIMIT);
  },
  needs,
);

onEveryServer(
  "NatsBroker.openInbox() tells apart what is opened and closed in one turn at the limit",
  async (server) => {
    const { broker } = await crowded(server, 2);
    for (let round = 0; round < 20; round++) {
      const opening = Array.from({ length: 6 }, async () => {
        const inbox = await broker.openInbox();
        await broker.publish(inbox.subject, "heard");
        assertEquals((await inbox.next({ timeout: 5_000 }))?.body, "heard");
        await inbox.close();
      });
      const outcomes = await Promise.allSettled(opening);
      for (const one of outcomes) if (one.status === "rejected") assertFull(one.reason);
      assert(outcomes.some(({ status }) => status === "fulfilled"));
    }
  },
  needs,
);

onEveryServer(
  "NatsBroker.start() rejects beyond `max_subscriptions`, and the handler comes when there is room",
  (server) =>
    inHaste(async () => {
      const { broker, inboxes } = await crowded(server, 0);
      const seen = recorded(broker);
      broker.subscriber("work", { queue: "workers" }, () => "done");
      assertFull(await assertRejects(() => broker.start(), SubscriptionError));
      await leave(inboxes, 1);
      await until(
        "it must be back",
        () => seen.some(({ type }) => type === "subscriptionRestored"),
      );
      const asking = server.broker();
      await asking.connect();
      assertEquals((await asking.request("work")).body, "done");
      const told = seen.filter(({ type }) => type.startsWith("subscription"));
      assertEquals(told.map(({ type }) => type), ["subscriptionLost", "subscriptionRestored"]);
      assert(told.every((event) => "subject" in event && event.subject === "work"));
    }),
  needs,
);

onEveryServer(
  "Subscriber.start() rejects beyond `max_subscriptions`, of handlers and of readers, and works at the next try",
  async (server) => {
    const { broker, inboxes } = await crowded(server, 0);
    const handler = broker.subscriber("work", () => "done");
    const reader = broker.subscriber("read");
    assertFull(await assertRejects(() => handler.start(), SubscriptionError));
    assertFull(await assertRejects(() => reader.start(), SubscriptionError));
    await leave(inboxes, 2);
    await handler.start();
    await reader.start();
    await broker.publish("read", "heard");
    assertEquals((await reader.next({ timeout: 5_000 }))?.body, "heard");
    const asking = server.broker();
    await asking.connect();
    assertEquals((await asking.request("work")).body, "done");
  },
  needs,
);

onEveryServer(
  "NatsBroker.request() fails at once where its answers have no room, and works when there is",
  async (server) => {
    const handled: unknown[] = [];
    const answering = server.broker();
    answering.subscriber("echo", ({ body }) => {
      handled.push(body);
      return body;
    });
    await answering.start();
    const { broker, inboxes } = await crowded(server, 0);
    const slow = { timeout: 60_000 };
    const ask = (body: unknown) => within("it must settle", broker.request("echo", body, slow));
    assertFull(await assertRejects(() => ask(1), SubscriptionError));
    const others = await Promise.allSettled([2, 3, 4].map(ask));
    for (const one of others) assertFull((one as PromiseRejectedResult).reason);
    // what cannot be answered is not asked: the first alone could not know
    assert(handled.every((body) => body === 1));
    await leave(inboxes, 1);
    assertEquals((await ask(5)).body, 5);
    assertEquals((await Promise.all([6, 7].map(ask))).map(({ body }) => body), [6, 7]);
  },
  needs,
);

onEveryServer(
  "NatsBroker.requestMany(), streams and sessions fail at once where they have no room",
  async (server) => {
    const answering = server.broker();
    answering.subscriber("count", async function* () {
      yield 1;
    });
    answering.session("talk", async (session) => {
      for await (const { body } of session) await session.send(body);
    });
    await answering.start();
    const { broker, inboxes } = await crowded(server, 0);
    const slow = { timeout: 60_000 };
    const many = async () => {
      for await (const _ of broker.requestMany("count", null, { ...slow, max: 1 }));
    };
    const stream = async () => {
      for await (const _ of broker.requestStream("count", null, slow));
    };
    const session = async () => void await broker.openSession("talk", null, slow);
    for (const work of [many, stream, session]) {
      assertFull(await assertRejects(() => within("it must settle", work()), SubscriptionError));
    }
    // one each, as the inbox of a stream stays until both sides know of its end
    await leave(inboxes, 3);
    await many();
    await stream();
    await using open = await broker.openSession("talk");
    await open.send("heard");
    assertEquals((await open.next({ timeout: 5_000 }))?.body, "heard");
  },
  needs,
);

const guest = {
  user: "guest",
  password: "secret",
  permissions: { subscribe: ["_GUEST.>", "open.>"], publish: ["open.>", "_GUEST.>"] },
};

onEveryServer(
  "NatsBroker.flush() rejects once for each time that something was published in vain",
  async (server) => {
    const broker = server.broker({ as: guest, inboxPrefix: "_GUEST" });
    await broker.connect();
    for (let round = 0; round < 3; round++) {
      await broker.publish("open.door", round);
      await broker.flush();
      await broker.publish("open.door", round);
      await broker.publish("shut.door", round);
      await broker.publish("open.door", round);
      const flushes = await Promise.allSettled([broker.flush(), broker.flush()]);
      for (const one of flushes) {
        assertInstanceOf((one as PromiseRejectedResult).reason, PermissionError);
        assertEquals((one as PromiseRejectedResult).reason.subject, "shut.door");
      }
    }
    await broker.flush();
  },
  { users: [guest] },
);

onEveryServer(
  "NatsBroker.flush() rejects though the refusal was told before it was called",
  async (server) => {
    const broker = server.broker({ as: guest, inboxPrefix: "_GUEST" });
    await broker.connect();
    const seen = recorded(broker);
    await broker.publish("shut.door", 1);
    await broker.ping();
    await until("it must be told", () => seen.some(({ type }) => type === "error"));
    await assertRejects(() => broker.flush(), PermissionError);
    await broker.flush();
  },
  { users: [guest] },
);

onEveryServer(
  "NatsBroker.flush() does not fail for reply addresses that callers name, nor for requests",
  async (server) => {
    const broker = server.broker({ as: guest, inboxPrefix: "_GUEST" });
    broker.subscriber("open.echo", ({ body }) => body);
    await broker.start();
    const seen = recorded(broker);
    const caller = server.broker({ as: service });
    await caller.connect();
    for (let n = 0; n < 100; n++) {
      await caller.publish("open.echo", n, { replyTo: `shut.${n}` });
    }
    await caller.flush();
    const errors = () => seen.filter(({ type }) => type === "error").length;
    await until("the first, the tenth and the hundredth must be told", () => errors() === 3);
    await broker.flush();
    await assertRejects(() => broker.request("shut.door"), PermissionError);
    await broker.publish("open.echo", "mine");
    await broker.flush();
  },
  { users: [guest, { user: "service", password: "secret" }] },
);

const service = { user: "service", password: "secret" };
