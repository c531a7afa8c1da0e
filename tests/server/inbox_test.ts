import { ConnectionError, type InboxEnd, PermissionError, TimeoutError } from "@signalbox/nats";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { usedMemory } from "../support/memory.ts";
import { within } from "../support/within.ts";

const NAME = /^_CUSTOM_INBOX\.[0-9A-Za-z]{22}$/;

onEveryServer("NatsBroker.newInbox() gives a name under the broker's prefix", async (server) => {
  const broker = server.broker({ inboxPrefix: "_CUSTOM_INBOX" });
  assertMatch(await broker.newInbox(), NAME);
  await broker.connect();
  assertMatch(await broker.newInbox(), NAME);
  assertEquals(await server.subscriptions(), 0);
});

onEveryServer("NatsBroker.openInbox() hears what is sent once it has resolved", async (server) => {
  const owner = server.broker({ inboxPrefix: "_CUSTOM_INBOX" });
  const sender = server.broker();
  await Promise.all([owner.connect(), sender.connect()]);
  for (let round = 0; round < 50; round++) {
    await using inbox = await owner.openInbox();
    assertMatch(inbox.subject, NAME);
    assertEquals(`${inbox}`, inbox.subject);
    await sender.publish(inbox.subject, round);
    assertEquals((await inbox.next({ timeout: 10_000 }))?.body, round);
  }
});

onEveryServer("NatsBroker.openInbox() rejects before the broker is connected", async (server) => {
  await assertRejects(() => server.broker().openInbox(), ConnectionError, "call connect()");
});

onEveryServer("Inbox is read in order, and ends with `max`", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox({ max: 100 });
  for (let sent = 0; sent < 120; sent++) await broker.publish(inbox.subject, sent);
  const bodies = [];
  for await (const { body } of inbox) bodies.push(body);
  assertEquals(bodies, Array.from({ length: 100 }, (_, at) => at));
  assertEquals(await inbox.closed, "max");
  assertEquals(await inbox.next(), undefined);
  await broker.flush();
  assertEquals(await server.subscriptions(), 0);
});

onEveryServer("Inbox ends with `idle` when nothing comes for a while", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox({ idleTimeout: 2_400 });
  const opened = performance.now();
  for (let sent = 0; sent < 6; sent++) {
    await delay(400);
    await broker.publish(inbox.subject, sent);
  }
  assertEquals(await inbox.closed, "idle");
  assert(performance.now() - opened > 4_500, "each message begins the wait anew");
  for (let read = 0; read < 6; read++) assertEquals((await inbox.next())?.body, read);
  assertEquals(await inbox.next(), undefined);
});

onEveryServer("Inbox ends with `closed` on close() and on leaving the loop", async (server) => {
  const broker = server.broker();
  await broker.connect();
  const [closing, leaving] = [await broker.openInbox(), await broker.openInbox()];
  const waiting = closing.next();
  await closing.close();
  await closing.close();
  assertEquals(await waiting, undefined);
  assertEquals(await closing.closed, "cancelled");

  await broker.publish(leaving.subject, "first");
  for await (const { body } of leaving) {
    assertEquals(body, "first");
    break;
  }
  assertEquals(await leaving.closed, "cancelled");
  await broker.flush();
  assertEquals(await server.subscriptions(), 0);
});

onEveryServer("Inbox ends with `aborted` when its signal aborts", async (server) => {
  const broker = server.broker();
  await broker.connect();
  const controller = new AbortController();
  const inbox = await broker.openInbox({ signal: controller.signal });
  controller.abort(new Error("enough"));
  assertEquals(await inbox.closed, "cancelled");
  assertEquals(await inbox.next(), undefined);
  await assertRejects(() => broker.openInbox({ signal: controller.signal }), Error, "enough");
  await broker.flush();
  assertEquals(await server.subscriptions(), 0);
});

onEveryServer("Inbox ends with `connection` when the broker stops", async (server) => {
  const broker = server.broker();
  await broker.connect();
  const inbox = await broker.openInbox();
  await broker.publish(inbox.subject, "kept");
  await broker.flush();
  const reason: Promise<InboxEnd> = inbox.closed;
  await broker.stop();
  assertEquals(await reason, "connection");
  assertEquals((await inbox.next())?.body, "kept");
  assertEquals(await inbox.next(), undefined);
});

onEveryServer("Inbox ends with `overflow` once more waits than may", async (server) => {
  const broker = server.broker();
  await broker.connect();
  const events = broker.events();
  await using inbox = await broker.openInbox({ maxPending: { messages: 2 } });
  for (let sent = 0; sent < 5; sent++) await broker.publish(inbox.subject, sent);
  assertEquals(await inbox.closed, "overflow");
  const told = (await events.next()).value;
  assertEquals(told, { type: "slowConsumer", subject: inbox.subject, dropped: 1 });
  await events.return?.();
  const read = [await inbox.next(), await inbox.next(), await inbox.next()];
  assertEquals(read.map((message) => message?.body), [0, 1, undefined]);
});

for (const [overflow, kept] of [["drop-oldest", [3, 4]], ["drop-newest", [0, 1]]] as const) {
  onEveryServer(`Inbox with "${overflow}" keeps ${kept}, and counts the rest`, async (server) => {
    const broker = server.broker();
    await broker.connect();
    await using inbox = await broker.openInbox({ overflow, maxPending: { messages: 2 } });
    for (let sent = 0; sent < 5; sent++) await broker.publish(inbox.subject, sent);
    await broker.flush();
    assertEquals(inbox.dropped, 3);
    assertEquals([(await inbox.next())?.body, (await inbox.next())?.body], [...kept]);
    await broker.publish(inbox.subject, "still open");
    assertEquals((await inbox.next())?.body, "still open");
  });
}

onEveryServer("Inbox is bounded in bytes", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox({ maxPending: { bytes: 2_500 } });
  const body = new Uint8Array(1_000);
  for (let sent = 0; sent < 3; sent++) await broker.publish(inbox.subject, body);
  assertEquals(await inbox.closed, "overflow");
  assertEquals(inbox.dropped, 1);
});

onEveryServer("Inbox.next() gives up at its timeout and loses nothing", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox();
  const error = await assertRejects(() => inbox.next({ timeout: 30 }), TimeoutError);
  assertEquals([error.timeout, error.subject], [30, inbox.subject]);
  const aborted = AbortSignal.abort(new Error("not now"));
  await assertRejects(() => inbox.next({ signal: aborted }), Error, "not now");
  await broker.publish(inbox.subject, "later");
  assertEquals((await inbox.next())?.body, "later");
});

onEveryServer("Inbox.next() serves those who wait in their order", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox();
  const waiting = [inbox.next(), inbox.next(), inbox.next()];
  for (const body of ["a", "b", "c"]) await broker.publish(inbox.subject, body);
  const bodies = (await Promise.all(waiting)).map((message) => message?.body);
  assertEquals(bodies, ["a", "b", "c"]);
});

const guest = {
  user: "guest",
  password: "secret",
  permissions: { subscribe: ["_GUEST.>"], publish: [">"] },
};

onEveryServer(
  "NatsBroker.openInbox() rejects at once where it is not permitted",
  async (server) => {
    const broker = server.broker({ as: guest, inboxPrefix: "_OTHER" });
    await broker.connect();
    const error = await assertRejects(() => broker.openInbox(), PermissionError);
    assertEquals(error.operation, "subscribe");
    assertMatch(error.subject, /^_OTHER\./);

    const permitted = server.broker({ as: guest, inboxPrefix: "_GUEST" });
    await permitted.connect();
    await using inbox = await permitted.openInbox();
    await permitted.publish(inbox.subject, "mine");
    assertEquals((await inbox.next())?.body, "mine");
  },
  { users: [guest] },
);

onEveryServer(
  "NatsBroker.openInbox() leaves nothing behind, 100 000 times over",
  async (server) => {
    const broker = server.broker();
    await broker.connect();
    const openAndClose = async (batches: number) => {
      for (let batch = 0; batch < batches; batch++) {
        const inboxes = await Promise.all(Array.from({ length: 1_000 }, () => broker.openInbox()));
        await Promise.all(inboxes.map((inbox) => inbox.close()));
      }
      await broker.flush();
      return usedMemory();
    };
    const before = await openAndClose(10);
    const after = await openAndClose(90);
    assertEquals(await server.subscriptions(), 0);
    assert(after - before < 4 * 1_048_576, `grew by ${after - before} bytes`);
  },
);

onEveryServer(
  "NatsBroker.openInbox() settles whenever the broker stops meanwhile",
  async (server) => {
    for (let round = 0; round < 10; round++) {
      const broker = server.broker();
      await broker.connect();
      const opened: Promise<unknown>[] = [];
      const open = () => {
        const inbox = broker.openInbox().then(({ closed }) => closed);
        opened.push(inbox.catch((error) => error));
      };
      let isStopped = false;
      const stopped = broker.stop().then(() => isStopped = true);
      for (let turn = 0; turn < 100 && !isStopped; turn++) {
        open();
        await undefined;
      }
      while (!isStopped) {
        open();
        await delay(0);
      }
      await stopped;
      const endings = await within("each opening must settle", Promise.all(opened));
      const wrong = endings.filter((end) =>
        end !== "connection" && !(end instanceof ConnectionError)
      );
      assertEquals(wrong, []);
    }
  },
);
