import { type BrokerOptions, NatsBroker, type PermissionsOptions } from "@signalbox/nats";
import { assertEquals } from "@std/assert";

/** Milliseconds that anything may take, as the machine may be busy. */
const PATIENCE = 10_000;

/** Two users, a known one and one that nobody knows of; the last two may do everything. */
export interface Cast {
  readonly shop: NatsBroker;
  readonly desk: NatsBroker;
  readonly friend: NatsBroker;
  readonly stranger: NatsBroker;
}

/** What is done with the application, by name. */
export type Features = Readonly<Record<string, (cast: Cast) => Promise<void>>>;

const COMMON: BrokerOptions = { logger: false };

/** Whoever is known, so that streams and sessions are served. */
export function friendOf(url: string, options: BrokerOptions): NatsBroker {
  return new NatsBroker(url, { ...COMMON, inboxPrefix: "_FRIEND", ...options });
}

/** Whoever asks, gets an answer, and is not heard of again. */
export function strangerOf(url: string, options: BrokerOptions): NatsBroker {
  return new NatsBroker(url, { ...COMMON, ...options });
}

/** A broker for orders, in a service that others can find. */
export function deskOf(url: string, options: BrokerOptions = {}): NatsBroker {
  const desk = new NatsBroker(url, {
    ...COMMON,
    inboxPrefix: "_DESK",
    service: { name: "desk", version: "1.0.0" },
    answersTo: ["_SHOP.>", "_INBOX.>"],
    ...options,
  });
  desk.subscriber("orders.{id}", ({ params }) => params.id);
  desk.subscriber("feed.{count}", numbers);
  desk.session("chat.{room}", echo);
  return desk;
}

/** What the desk does beside. */
export const deskBeside: PermissionsOptions = {
  publish: ["stock.*", "talk.*"],
  sessions: ["_SHOP.>"],
};

/** A broker with handlers, readers, publishers and sessions of every kind. */
export function shopOf(url: string, options: BrokerOptions = {}): NatsBroker {
  const answersTo = ["_DESK.>", "_FRIEND.>", "_INBOX.>", "_SHOP.>"];
  const shop = new NatsBroker(url, { ...COMMON, inboxPrefix: "_SHOP", answersTo, ...options });
  shop.subscriber("stock.{item}", ({ params }) => params.item);
  shop.subscriber(
    "tasks.{id}",
    { queue: "workers", publishTo: "done.{id}" },
    ({ params }) => `done ${params.id}`,
  );
  shop.subscriber("ticks.{count}", numbers);
  shop.session("talk.{room}", echo);
  return shop;
}

/** What the shop does beside. */
export const shopBeside: PermissionsOptions = {
  publish: ["stock.*", "ticks.*", "talk.*", "orders.*", "feed.*", "chat.*"],
  sessions: ["_DESK.>"],
};

/** Everything, with each feature on its own; anything may take so many milliseconds. */
export function featuresOf(shop: NatsBroker, patience: number = PATIENCE): Features {
  const done = shop.subscriber("done.*", { queue: "readers" });
  const news = shop.subscriber("news.{topic}");
  const task = shop.publisher("tasks.{id}");
  const headline = shop.publisher("news.{topic}");
  return {
    "a handler answers a stranger": async ({ stranger }) => {
      assertEquals((await stranger.request("stock.pen")).body, "pen");
    },
    "a handler answers its own broker": async ({ shop }) => {
      assertEquals((await shop.request("stock.ink")).body, "ink");
    },
    "a publisher asks, a queue group answers, and what it publishes is read": async () => {
      assertEquals((await task.request({ id: "7" })).body, "done 7");
      assertEquals((await done.next({ timeout: patience }))?.body, "done 7");
    },
    "a publisher publishes, and it is read": async () => {
      await headline.publish({ topic: "art" }, "a show");
      assertEquals((await news.next({ timeout: patience }))?.body, "a show");
    },
    "another user's service answers": async ({ shop }) => {
      assertEquals((await shop.request("orders.7")).body, "7");
    },
    "everyone answers": async ({ shop }) => {
      const answers = [];
      for await (
        const { body } of shop.requestMany("orders.8", null, { max: 1, timeout: patience })
      ) {
        answers.push(body);
      }
      assertEquals(answers, ["8"]);
    },
    "an inbox takes what another user answers": async ({ shop }) => {
      await using inbox = await shop.openInbox();
      await shop.publish("orders.9", null, { replyTo: inbox.subject });
      assertEquals((await inbox.next({ timeout: patience }))?.body, "9");
    },
    "another user streams": ({ shop }) => streams(shop, "feed.40", patience),
    "it streams to itself": ({ shop }) => streams(shop, "ticks.41", patience),
    "it streams to a friend": ({ friend }) => streams(friend, "ticks.42", patience),
    "it streams to one who does not know of links": async ({ friend }) => {
      const parts = [];
      const options = { max: 3, stall: patience, timeout: patience };
      for await (const { body } of friend.requestMany("ticks.2", null, options)) parts.push(body);
      assertEquals(parts.slice(0, 2), [1, 2]);
    },
    "another user serves a session": ({ shop }) => talks(shop, "chat.1", patience),
    "it serves a session for itself": ({ shop }) => talks(shop, "talk.2", patience),
    "it serves a session for another user": ({ desk }) => talks(desk, "talk.3", patience),
    "it serves a session for a friend": ({ friend }) => talks(friend, "talk.4", patience),
    "another user asks": async ({ desk }) => {
      assertEquals((await desk.request("stock.cap")).body, "cap");
    },
  };
}

/** The nine ways of finding a service. */
export function discoveryOf(name: string): Features {
  const found = async (stranger: NatsBroker, subject: string) => {
    const { body } = await stranger.request(subject);
    assertEquals((body as { name: string }).name, name);
    return (body as { id: string }).id;
  };
  return Object.fromEntries(["PING", "INFO", "STATS"].map((verb) => [
    `it is found by ${verb}`,
    async ({ stranger }: Cast) => {
      await found(stranger, `$SRV.${verb}`);
      const id = await found(stranger, `$SRV.${verb}.${name}`);
      await found(stranger, `$SRV.${verb}.${name}.${id}`);
    },
  ]));
}

/** Does all of it at once. */
export async function play(cast: Cast, features: Features): Promise<void> {
  await Promise.all([cast.stranger.connect(), cast.friend.connect()]);
  await Promise.all([cast.desk.start(), cast.shop.start()]);
  await Promise.all(
    Object.entries(features).map(async ([name, feature]) => {
      try {
        await feature(cast);
      } catch (cause) {
        throw new Error(`Cannot go on as a feature must work: ${name}`, { cause });
      }
    }),
  );
}

async function streams(broker: NatsBroker, subject: string, timeout: number): Promise<void> {
  const parts = [];
  const deadline = { timeout, deadline: 5 * timeout };
  for await (const { body } of broker.requestStream(subject, null, deadline)) parts.push(body);
  assertEquals(parts.length, Number(subject.split(".")[1]));
}

async function talks(broker: NatsBroker, subject: string, timeout: number): Promise<void> {
  const deadline = { timeout, deadline: 5 * timeout };
  await using session = await broker.openSession(subject, null, deadline);
  for (let said = 0; said < 20; said++) {
    await session.send(said);
    assertEquals((await session.next({ timeout }))?.body, said);
  }
}

async function* numbers({ params }: { readonly params: { readonly count: string } }) {
  for (let number = 1; number <= Number(params.count); number++) yield number;
}

async function echo(session: {
  send(body: unknown): Promise<void>;
  [Symbol.asyncIterator](): AsyncIterator<{ readonly body: unknown }>;
}): Promise<void> {
  for await (const { body } of session) await session.send(body);
}
