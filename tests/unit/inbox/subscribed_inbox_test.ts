import { TimeoutError } from "@signalbox/nats";
import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { platformClock } from "../../../src/clock.ts";
import { EventFeed } from "../../../src/events.ts";
import { type InboxOptions, inboxSettings } from "../../../src/inbox/inbox.ts";
import { SubscribedInbox } from "../../../src/inbox/subscribed_inbox.ts";
import { ReplyAddresses } from "../../../src/replies/reply_addresses.ts";

const INBOX = "_INBOX.own";
const encoder = new TextEncoder();

/** An inbox whose server is the test. */
function opened(options?: InboxOptions): SubscribedInbox {
  const connection = {
    subscribe: () => ({ unsubscribe: () => {}, drain: () => Promise.resolve() }),
    flush: () => Promise.resolve(),
  };
  const addresses = new ReplyAddresses("_INBOX", undefined);
  const ways = { clock: platformClock, connection, feed: new EventFeed(), addresses };
  return new SubscribedInbox(ways, INBOX, inboxSettings(options));
}

function send(inbox: SubscribedInbox, ...bodies: number[]): void {
  for (const body of bodies) {
    const data = encoder.encode(`${body}`);
    inbox.take({ subject: INBOX, replyTo: "", data, headerBlock: undefined });
  }
}

async function bodiesOf(inbox: SubscribedInbox): Promise<unknown[]> {
  const bodies = [];
  for (let message; (message = await inbox.next());) bodies.push(message.body);
  return bodies;
}

Deno.test("SubscribedInbox.next() gives what came in the turn in which its wait ended", async () => {
  const reason = new Error("enough");
  for (const isFirst of [true, false]) {
    const inbox = opened();
    const controller = new AbortController();
    const waiting = inbox.next({ signal: controller.signal });
    if (isFirst) send(inbox, 1);
    controller.abort(reason);
    if (!isFirst) send(inbox, 1);
    assertEquals((await waiting)?.body, 1);
    send(inbox, 2);
    inbox.stop();
    assertEquals(await bodiesOf(inbox), [2]);
  }
});

Deno.test("SubscribedInbox.next() leaves to the next call what comes after its wait ended", async () => {
  const inbox = opened();
  const controller = new AbortController();
  const waiting = inbox.next({ signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => waiting, Error, "enough");
  send(inbox, 1);
  assertEquals((await inbox.next())?.body, 1);
});

Deno.test("SubscribedInbox.next() gives what came in the turn of its timeout", async () => {
  using time = new FakeTime();
  const inbox = opened();
  const waiting = inbox.next({ timeout: 10 });
  time.tick(10);
  send(inbox, 1);
  assertEquals((await waiting)?.body, 1);
  const late = assertRejects(() => inbox.next({ timeout: 10 }), TimeoutError);
  await time.tickAsync(10);
  await late;
});

Deno.test("SubscribedInbox.next() takes the Infinity that its docs name, as no limit", async () => {
  using time = new FakeTime();
  const inbox = opened();
  const waiting = inbox.next({ timeout: Infinity });
  assertEquals(time.next(), false);
  send(inbox, 1);
  assertEquals((await waiting)?.body, 1);
  const sentence =
    `"timeout" must be milliseconds from 0 to 2147483647, or text such as "30s", or Infinity: -1`;
  await assertRejects(() => inbox.next({ timeout: -1 }), TypeError, sentence);
});

for (const [overflow, kept] of [["drop-newest", [1, 4]], ["drop-oldest", [3, 4]]] as const) {
  Deno.test(`SubscribedInbox with "${overflow}" does not count what it dropped as taken`, async () => {
    const inbox = opened({ max: 2, overflow, maxPending: { messages: 1 } });
    send(inbox, 1, 2, 3);
    assertEquals(inbox.dropped, 2);
    const first = await inbox.next();
    send(inbox, 4, 5);
    assertEquals(await inbox.closed, "max");
    assertEquals([first?.body, ...await bodiesOf(inbox)], [...kept]);
    assertEquals(inbox.dropped, 2);
  });
}

Deno.test("SubscribedInbox does not count as dropped what close() forgets", async () => {
  const inbox = opened();
  send(inbox, 1, 2);
  await inbox.close();
  assertEquals([inbox.dropped, await inbox.next()], [0, undefined]);
});

Deno.test("SubscribedInbox.close() forgets what waits even once it has ended", async () => {
  const inbox = opened({ max: 2 });
  send(inbox, 1, 2);
  await inbox.close();
  assertEquals([await inbox.next(), await inbox.closed], [undefined, "max"]);
});

Deno.test("SubscribedInbox.stop() keeps what waits, and takes no more", async () => {
  const inbox = opened();
  send(inbox, 1, 2);
  inbox.stop();
  send(inbox, 3);
  assertEquals(await bodiesOf(inbox), [1, 2]);
  assertEquals(await inbox.closed, "cancelled");
});

Deno.test("SubscribedInbox can be left while its next message is waited for", async () => {
  const inbox = opened();
  const iterator = inbox[Symbol.asyncIterator]();
  const waiting = iterator.next();
  const done = { done: true, value: undefined } as const;
  assertEquals(await iterator.return?.(), done);
  assertEquals([await waiting, await iterator.next()], [done, done]);
  assertEquals(await inbox.closed, "cancelled");
});

Deno.test("SubscribedInbox ends with the stream that is made of it", async () => {
  const inbox = opened();
  const reader = ReadableStream.from(inbox).getReader();
  send(inbox, 1);
  assertEquals((await reader.read()).value?.body, 1);
  await reader.cancel();
  assertEquals(await inbox.closed, "cancelled");
});
