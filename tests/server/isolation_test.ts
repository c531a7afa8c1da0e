import {
  type Message,
  type NatsBroker,
  PermissionError,
  type PublishOptions,
  type Session,
  TimeoutError,
} from "@signalbox/nats";
import { createInbox } from "@nats-io/transport-deno";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Backend, onEveryServer, type User } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { recommendedUsers } from "../support/recommended_users.ts";
import { meanwhile, within } from "../support/within.ts";

const password = "secret";

/** The users of the guide to permissions, another one like the first, and one who sees and may do everything. */
const { shop: SHOP, desk: DESK } = await recommendedUsers();
const MALL: User = {
  user: "mall",
  password,
  permissions: { ...SHOP.permissions, subscribe: ["_MALL.>"] },
};
const SPY: User = { user: "spy", password };
const needs = { users: [SHOP, DESK, MALL, SPY] };

/** Sees all that goes over the wire. */
class Ear {
  readonly #heard: Message[] = [];

  constructor(broker: NatsBroker) {
    broker.subscriber(">", { noReply: true }, (message) => void this.#heard.push(message));
  }

  /** The first message like this, waited for if need be. */
  heard(goal: string, isIt: (message: Message) => boolean): Promise<Message> {
    return until(goal, () => this.#heard.find(isIt));
  }

  to(subject: string): Promise<Message> {
    return this.heard(`a message must go to ${subject}`, (message) => message.subject === subject);
  }
}

/** A broker that tries what it may not do. */
class Attacker {
  readonly broker: NatsBroker;
  readonly #refused: PermissionError[] = [];

  constructor(broker: NatsBroker) {
    this.broker = broker;
    void meanwhile(async () => {
      for await (const event of broker.events()) {
        if (event.type === "error" && event.error instanceof PermissionError) {
          this.#refused.push(event.error);
        }
      }
    });
  }

  /** Fails unless the server refuses each of these subscriptions. */
  async assertDeaf(subjects: readonly string[]): Promise<void> {
    for (const subject of subjects) {
      const error = await assertRejects(
        () => this.broker.subscriber(subject).start(),
        PermissionError,
      );
      assertEquals([error.operation, error.subject], ["subscribe", subject]);
    }
  }

  /** Fails unless the server refuses each of these publications. */
  async assertMute(subjects: readonly string[]): Promise<void> {
    for (const subject of subjects) {
      this.#refused.length = 0;
      await this.broker.publish(subject, "FORGED");
      await assertRejects(() => this.broker.flush(), PermissionError);
      await until("the server must refuse", () => this.#refused.length > 0);
      assertEquals(this.#refused.map(({ operation, subject }) => [operation, subject]), [
        ["publish", subject],
      ]);
    }
  }

  /** Says what the server permits to say. */
  async say(subject: string, body: unknown, options: PublishOptions = {}): Promise<void> {
    this.#refused.length = 0;
    await this.broker.publish(subject, body, options);
    await this.broker.flush();
    assertEquals(this.#refused, []);
  }
}

/** All who are on one server; the desk serves, and says when it has something in hand. */
async function stageOf(server: Backend) {
  const [spy, shop, mall, desk] = [
    server.broker({ as: SPY, inboxPrefix: "_SPY" }),
    server.broker({ as: SHOP, inboxPrefix: "_SHOP" }),
    server.broker({ as: MALL, inboxPrefix: "_MALL" }),
    server.broker({ as: DESK, inboxPrefix: "_DESK", answersTo: ["_SHOP.>"] }),
  ];
  const ear = new Ear(spy);
  await spy.start();
  await Promise.all([shop.connect(), mall.connect()]);
  return { ear, spy, shop, desk, mall: new Attacker(mall), other: new Attacker(desk) };
}

type Stage = Awaited<ReturnType<typeof stageOf>>;

/** A session between shop and desk, and the inboxes of both, as the spy sees them. */
async function talking({ shop, desk, ear }: Stage) {
  const served = Promise.withResolvers<Session>();
  desk.session("orders.talk", (session) => {
    served.resolve(session);
    return session.closed;
  });
  await desk.start();
  const opened = await shop.openSession("orders.talk");
  const server = await within("the session must be served", served.promise);
  const opening = await ear.to("orders.talk");
  const acceptance = await ear.to(opening.replyTo!);
  return { opened, served: server, shopEnd: opening.replyTo!, deskEnd: acceptance.replyTo! };
}

/** The subject without its last token. */
function above(subject: string): string {
  return subject.slice(0, subject.lastIndexOf("."));
}

onEveryServer("NatsBroker has inboxes that no other user can read", async (server) => {
  const stage = await stageOf(server);
  const { shop, mall, other, ear } = stage;
  const { opened, shopEnd, deskEnd } = await talking(stage);
  await using inbox = await shop.openInbox();
  const asked = meanwhile(() =>
    shop.request("orders.none", null, { timeout: 100 }).catch(() => {})
  );
  await asked;
  const { replyTo } = await ear.to("orders.none");
  const shops = [
    ">",
    "*.>",
    "_SHOP.>",
    "_SHOP.*",
    "_SHOP.*.*",
    "_SHOP.*.o1",
    inbox.subject,
    replyTo!,
    `${above(replyTo!)}.*`,
    shopEnd,
    `${above(shopEnd)}.*`,
  ];
  await mall.assertDeaf([...shops, "_DESK.>", "_DESK.*.*", deskEnd, "orders.>", "orders.talk"]);
  await other.assertDeaf(shops);
  await new Attacker(shop).assertDeaf([">", "_DESK.>", deskEnd, "_MALL.>", "orders.>"]);
  await opened.close();
}, needs);

onEveryServer("Inbox takes nothing from users who have seen its subject", async (server) => {
  const { shop, desk, spy, mall, other } = await stageOf(server);
  await desk.start();
  await using inbox = await shop.openInbox();
  await mall.assertMute([inbox.subject, `${inbox.subject}.more`, above(inbox.subject)]);
  await other.assertMute(["_MALL.inbox", "_DESK.inbox", "_SHOP"]);
  await spy.publish(inbox.subject, "true");
  assertEquals((await inbox.next({ timeout: 5_000 }))?.body, "true");
}, needs);

onEveryServer("NatsBroker.request() takes no answer but that of whom it asked", async (server) => {
  const { shop, desk, ear, mall } = await stageOf(server);
  const leave = Promise.withResolvers<void>();
  desk.subscriber("orders.price", async () => {
    await leave.promise;
    return "true";
  });
  await desk.start();
  const answer = meanwhile(() => shop.request("orders.price"));
  const { replyTo } = await ear.to("orders.price");
  await mall.assertMute([replyTo!]);
  leave.resolve();
  assertEquals((await answer).body, "true");
}, needs);

onEveryServer(
  "NatsBroker.request() is answered by a service that may publish to its callers, and to nobody else",
  async (server) => {
    const { shop, desk, mall, other } = await stageOf(server);
    desk.subscriber("orders.price", () => "true");
    await desk.start();
    assertEquals((await shop.request("orders.price")).body, "true");
    const asked = mall.broker.request("orders.price", null, { timeout: 300 });
    await assertRejects(() => asked, TimeoutError);
    await other.assertMute(["_MALL.inbox", "orders.price", "billing.charge"]);
  },
  needs,
);

onEveryServer(
  "Session takes no frame of users who may not publish to its inbox",
  async (server) => {
    const stage = await stageOf(server);
    const { opened, served, shopEnd } = await talking(stage);
    const inbox = above(shopEnd);
    const frames = ["1t", "1j", "1e", "1f", "c9", "x9", "q9", "o1"].map((name) =>
      `${inbox}.${name}`
    );
    await stage.mall.assertMute(frames);
    await served.send("true");
    assertEquals((await opened.next({ timeout: 5_000 }))?.body, "true");
    await opened.close();
  },
  needs,
);

/** With an address of one's own, with one that is nearly right, and with that of the side itself. */
function forgersOf(deskEnd: string, shopEnd: string): string[] {
  const shop = above(shopEnd);
  return [
    "_MALL.forger",
    "_SHOP.forger",
    above(deskEnd),
    `${shop}x`,
    shop.slice(0, -1),
    above(shop),
  ];
}

onEveryServer(
  "Session takes no frame of those who may publish to its inbox, and are not the other side",
  async (server) => {
    const stage = await stageOf(server);
    const { opened, served, shopEnd, deskEnd } = await talking(stage);
    const inbox = above(deskEnd);
    for (const forger of forgersOf(deskEnd, shopEnd)) {
      for (const name of ["1t", "1e", "1f", "c9", "g9", "x9", "q9", "d9"]) {
        await stage.mall.say(`${inbox}.o1`, "0 9 9 0 0", { replyTo: `${forger}.${name}` });
      }
    }
    await opened.send("true");
    assertEquals((await served.next({ timeout: 5_000 }))?.body, "true");
    assertEquals([opened.state, served.state], ["open", "open"]);
    await opened.close();
  },
  needs,
);

onEveryServer(
  "Session takes no frame without a reply address, where frames have one",
  async (server) => {
    const stage = await stageOf(server);
    const { opened, served, deskEnd } = await talking(stage);
    const inbox = above(deskEnd);
    for (const name of ["1t", "1e", "1f", "c9", "x9"]) {
      await stage.mall.say(
        `${inbox}.${name}`,
        "FORGED",
      );
    }
    await opened.send("true");
    assertEquals((await served.next({ timeout: 5_000 }))?.body, "true");
    assertEquals([opened.state, served.state], ["open", "open"]);
    await opened.close();
  },
  needs,
);

const DIGITS_OF_NATS_JS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/**
 * All names that lie where counting on from the last ones leads to, by any step that was seen. Where
 * nats.js counts in steps of 124, a thousand names do not show each of its digits.
 */
function guesses(seen: readonly string[]): Set<string> {
  const letters = [...new Set(DIGITS_OF_NATS_JS + seen.join(""))].sort();
  const values = new Map(letters.map((letter, value) => [letter, BigInt(value)]));
  const base = BigInt(letters.length);
  const length = seen[0]!.length;
  const numbers = seen.map((name) =>
    [...name].reduce((number, letter) => number * base + values.get(letter)!, 0n)
  );
  const steps = new Set([1n, ...numbers.slice(1).map((number, at) => number - numbers[at]!)]);
  const last = numbers.at(-1)!;
  const found = new Set<string>();
  for (const step of steps) {
    for (let count = 1n; count <= 100n; count++) {
      let number = last + step * count;
      let name = "";
      for (let at = 0; at < length && number >= 0n; at++) {
        name = letters[Number(number % base)] + name;
        number /= base;
      }
      found.add(name);
    }
  }
  return found;
}

Deno.test("NatsBroker.newInbox() cannot be guessed after 1000 were seen, as those of nats.js can", async () => {
  const { NatsBroker } = await import("@signalbox/nats");
  const broker = new NatsBroker();
  const make = async (next: () => string | Promise<string>) => {
    const names = [];
    while (names.length < 1_100) names.push((await next()).split(".")[1]!);
    return { seen: names.slice(0, 1_000), next: names.slice(1_000) };
  };
  const counted = await make(() => createInbox());
  const bare = guesses(counted.seen);
  assert(counted.next.filter((name) => bare.has(name)).length >= 90, "the attack works");
  const drawn = await make(() => broker.newInbox());
  const ours = guesses(drawn.seen);
  assertEquals(drawn.next.filter((name) => ours.has(name)), []);
  const all = [...drawn.seen, ...drawn.next];
  for (const length of [4, 12]) {
    const beginnings = new Set(all.map((name) => name.slice(0, length)));
    assert(beginnings.size > all.length - 10, "no two begin alike");
  }
});
