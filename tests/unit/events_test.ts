import { assertEquals, assertStrictEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import { type BrokerEvent, EventFeed } from "../../src/events.ts";

const up = { type: "connected", server: "a:1", reconnects: 0 } as const;
const down = { type: "disconnected", server: "a:1", unconfirmed: 0 } as const;
const closed = { type: "closed", error: undefined } as const;
const attempt = (number: number) => ({ type: "reconnecting", attempt: number }) as const;

async function all(events: AsyncIterable<BrokerEvent>): Promise<BrokerEvent[]> {
  return await Array.fromAsync(events);
}

Deno.test("EventFeed.emit() calls every listener before it returns", () => {
  const feed = new EventFeed();
  const heard: string[] = [];
  feed.listen((event) => heard.push(`first ${event.type}`));
  feed.listen((event) => heard.push(`second ${event.type}`));
  feed.emit(up);
  assertEquals(heard, ["first connected", "second connected"]);
});

Deno.test("EventFeed.listen() gives a function that ends it", () => {
  const feed = new EventFeed();
  const heard: BrokerEvent[] = [];
  const stop = feed.listen((event) => heard.push(event));
  feed.emit(up);
  stop();
  stop();
  feed.emit(down);
  assertEquals(heard, [up]);
});

Deno.test("EventFeed.emit() lets a listener leave or join meanwhile", () => {
  const feed = new EventFeed();
  const heard: string[] = [];
  const stop = feed.listen(() => {
    stop();
    feed.listen(() => heard.push("joined"));
  });
  feed.listen(() => heard.push("stayed"));
  feed.emit(up);
  assertEquals(heard, ["stayed"]);
  feed.emit(up);
  assertEquals(heard, ["stayed", "stayed", "joined"]);
});

Deno.test("EventFeed.emit() goes on past a listener that throws", () => {
  using printed = stub(console, "error");
  const feed = new EventFeed();
  const heard: BrokerEvent[] = [];
  const error = new Error("a listener's own");
  feed.listen(() => {
    throw error;
  });
  feed.listen((event) => heard.push(event));
  feed.emit(up);
  assertEquals(heard, [up]);
  assertEquals(printed.calls.map(({ args }) => args), [[error]]);
});

Deno.test("EventFeed.iterate() gives events from then on, in order, and ends with closed", async () => {
  const feed = new EventFeed();
  feed.emit(up);
  const events = feed.iterate();
  for (const event of [down, attempt(1), up, closed]) feed.emit(event);
  assertEquals(await all(events), [down, attempt(1), up, closed]);
  assertEquals(await events.next(), { done: true, value: undefined });
});

Deno.test("EventFeed.iterate() waits for what comes later", async () => {
  const feed = new EventFeed();
  const events = feed.iterate();
  const next = events.next();
  await undefined;
  feed.emit(up);
  assertEquals(await next, { done: false, value: up });
});

Deno.test("EventFeed.iterate() gives each reader every event", async () => {
  const feed = new EventFeed();
  const readers = [feed.iterate(), feed.iterate()];
  feed.emit(up);
  feed.emit(closed);
  assertEquals(await Promise.all(readers.map(all)), [[up, closed], [up, closed]]);
});

Deno.test("EventFeed.iterate() ends for a reader that leaves, and for one that waits", async () => {
  const feed = new EventFeed();
  for (let time = 0; time < 2; time++) {
    const events = feed.iterate();
    feed.emit(up);
    for await (const event of events) {
      assertEquals(event, up);
      break;
    }
    assertStrictEquals((await events.next()).done, true);
  }
  const events = feed.iterate();
  const waiting = events.next();
  await events.return?.();
  assertEquals(await waiting, { done: true, value: undefined });
});

Deno.test("EventFeed.iterate() serves several next() that wait, in the order of the calls", async () => {
  const feed = new EventFeed();
  const events = feed.iterate();
  const waiting = [events.next(), events.next()];
  feed.emit(up);
  waiting.push(events.next());
  feed.emit(down);
  feed.emit(closed);
  waiting.push(events.next());
  assertEquals(await Promise.all(waiting), [
    { done: false, value: up },
    { done: false, value: down },
    { done: false, value: closed },
    { done: true, value: undefined },
  ]);
});

Deno.test("EventFeed.iterate() ends with closed for all who wait", async () => {
  const feed = new EventFeed();
  const events = feed.iterate();
  const waiting = [events.next(), events.next(), events.next()];
  feed.emit(closed);
  const ends = (await Promise.all(waiting)).map(({ done }) => done);
  assertEquals(ends, [false, true, true]);
});

Deno.test("EventFeed.iterate() gives nothing more after return()", async () => {
  const feed = new EventFeed();
  const events = feed.iterate();
  for (const event of [up, down, up]) feed.emit(event);
  await events.next();
  await events.return?.();
  feed.emit(down);
  assertEquals(await events.next(), { done: true, value: undefined });
});

Deno.test("EventFeed.iterate() ends with closed, though a new connection follows", async () => {
  const feed = new EventFeed();
  const [early, late] = [feed.iterate(), feed.iterate()];
  const waiting = early.next();
  feed.emit(closed);
  feed.emit(up);
  assertEquals(await waiting, { done: false, value: closed });
  assertEquals(await early.next(), { done: true, value: undefined });
  assertEquals(await all(late), [closed]);
});

Deno.test("EventFeed.iterate() loses the oldest for a reader that never comes", async () => {
  const feed = new EventFeed();
  const events = feed.iterate();
  for (let number = 1; number <= 2_000; number++) feed.emit(attempt(number));
  feed.emit(closed);
  const read = await all(events);
  assertEquals([read.length, read[0], read.at(-1)], [1_024, attempt(978), closed]);
});
