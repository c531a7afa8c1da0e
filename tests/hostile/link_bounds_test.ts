import type { BrokerOptions, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertLess } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { delay } from "../support/delay.ts";
import { heldMemory } from "../support/memory.ts";
import { withBystander } from "./bystander.ts";
import { type HostileLink, withHostile } from "./hostile_peer.ts";

const MIB = 1_048_576;
/** What links and the bystander take up beside bodies, and what is at work in the process. */
const BESIDE = 24 * MIB;
/** How often a peer says that it has lost all addresses. */
const LOSSES = 500;
const PIECE = new Uint8Array(65_536);

/** Serves, has a peer do harm beside a bystander, and gives what is held then beyond what was before. */
async function attacked(
  server: Backend,
  options: BrokerOptions,
  serve: (broker: NatsBroker) => void,
  attack: (link: () => HostileLink, broker: NatsBroker) => Promise<unknown>,
): Promise<number> {
  const broker = server.broker(options);
  broker.subscriber("bystander.echo", ({ body }) => body);
  serve(broker);
  await broker.start();
  return await withBystander(
    server.url,
    "bystander.echo",
    () =>
      withHostile(server.url, async (client, link) => {
        await client.flush();
        const before = heldMemory();
        await attack(link, broker);
        await client.flush();
        // what is on its way to the broker is not held by it
        await broker.ping({ timeout: 20_000 });
        await delay(100);
        return heldMemory() - before;
      }),
  );
}

onEveryServer(
  "NatsBroker.subscriber() keeps no more of a stream than maxUnacknowledged, whatever window its reader gives",
  async (server) => {
    let made = 0;
    const held = await attacked(server, {}, (broker) => {
      broker.subscriber("flood", async function* () {
        for (;; made++) yield new Uint8Array(PIECE);
      });
    }, async (link) => {
      const links = Array.from({ length: 12 }, link);
      for (const each of links) each.open("flood", "stream");
      await Promise.all(links.map((each) => each.greet()));
      for (let turn = 0; turn < 5; turn++) {
        await delay(200);
        for (const each of links) each.say("c");
      }
      assertEquals(links.map(({ code }) => code), links.map(() => undefined));
    });
    assertLess(made, 12 * 20, "a body goes where less than 1 MiB is kept");
    assertLess(held, 12 * 2 * MIB + BESIDE);
  },
);

onEveryServer(
  "NatsBroker.session() holds pieces of bodies that never become whole within maxLinkBytes",
  async (server) => {
    const held = await attacked(server, { maxLinkBytes: 8 * MIB }, (broker) => {
      broker.session("talk", async (session) => {
        for await (const _ of session);
      });
    }, async (link) => {
      const links = Array.from({ length: 20 }, link);
      for (const each of links) each.open("talk", "session");
      await Promise.all(links.map((each) => each.greet()));
      for (let number = 1; number <= 64; number++) {
        for (const each of links) {
          if (!each.code && each.room >= number * PIECE.length) each.send(`${number}m`, PIECE);
        }
        await delay(5);
      }
      await until("some must have been ended", () => links.some(({ code }) => code === "429"));
    });
    assertLess(held, 8 * MIB + BESIDE);
  },
);

onEveryServer(
  "NatsBroker.session() holds bodies that nobody reads within maxLinkBytes, and ends what holds the most",
  async (server) => {
    const held = await attacked(server, { maxLinkBytes: 8 * MIB }, (broker) => {
      broker.session("talk", async (session) => {
        await session.closed;
      });
      broker.session("kind", async (session) => {
        for await (const { body } of session) await session.send(body);
      });
    }, async (link, broker) => {
      await using kind = await broker.openSession("kind");
      const links = Array.from({ length: 40 }, link);
      for (const each of links) each.open("talk", "session");
      await Promise.all(links.map((each) => each.greet()));
      for (let number = 1; number <= 15; number++) {
        for (const each of links) if (!each.code) each.send(`${number}b`, PIECE);
        await kind.send(number);
        assertEquals((await kind.next({ timeout: 20_000 }))?.body, number);
      }
      await until("some must have been ended", () => links.some(({ code }) => code === "429"));
    });
    assertLess(held, 8 * MIB + BESIDE);
  },
);

onEveryServer(
  "NatsBroker.session() takes 100 000 reply addresses under allowResponses, keeps the last few, and serves others",
  async (server) => {
    await attacked(server, { allowResponses: true }, (broker) => {
      broker.session("talk", async (session) => {
        for await (const _ of session);
      });
    }, async (link) => {
      const each = link();
      each.open("talk", "session");
      await each.greet();
      for (let turn = 0; turn < 20; turn++) {
        for (let frame = 0; frame < 5_000; frame++) each.say("c");
        await delay(50);
        each.say("p");
        // after each turn: what is kept of all of them would take minutes to go through
        await until("all but 256 are given up", () => each.spent >= each.given - 300, {
          timeout: 40_000,
        });
      }
    });
  },
);

onEveryServer(
  "NatsBroker.session() has no more openings at work than maxSessions, whatever they wait for",
  async (server) => {
    let [atWork, most] = [0, 0];
    await attacked(server, {}, (broker) => {
      broker.session("talk", {
        maxSessions: 100,
        middleware: [async (_, next) => {
          most = Math.max(most, ++atWork);
          await delay(300);
          await next();
          atWork--;
        }],
      }, async (session) => {
        await session.close();
      });
    }, async (link) => {
      const [one] = [link()];
      for (let n = 0; n < 2_000; n++) one.open("talk", "session");
      await until("one is refused", () => one.code !== undefined);
      assertEquals(one.code, "429");
    });
    assertEquals(most, 100);
  },
);

onEveryServer(
  "NatsBroker.subscriber() does not send what it keeps for a reader again for each message that misses it",
  async (server) => {
    let sent = 0;
    await attacked(server, {}, (broker) => {
      broker.subscriber("flood", async function* () {
        for (;;) yield new Uint8Array(PIECE);
      });
    }, async (link, broker) => {
      const reader = link();
      reader.open("flood", "stream");
      await reader.greet();
      await delay(100);
      const before = reader.came;
      for (let count = 0; count < 300; count++) reader.say("g");
      await delay(500);
      // what it was asked before has been seen to
      await reader.flush();
      await broker.ping({ timeout: 20_000 });
      await until("what is missing comes again", () => reader.came > before);
      sent = reader.came - before;
      assertEquals(reader.code, undefined);
    });
    assertLess(sent, 32 * MIB, "300 messages draw 1 MiB each");
  },
);

onEveryServer(
  "NatsBroker.session() gives no addresses anew for each message that says that all are lost",
  async (server) => {
    let [drawn, steps] = [0, 0];
    await attacked(server, {}, (broker) => {
      broker.session("talk", async (session) => {
        for await (const _ of session);
      });
    }, async (link, broker) => {
      const peer = link();
      peer.open("talk", "session", "null", 1);
      await peer.greet();
      await delay(100);
      const [before, began] = [peer.count, performance.now()];
      for (let count = 0; count < LOSSES; count++) {
        peer.say("c", "0 0 0 0 999999999999999");
        // each is read by itself: of those that are read at once the first alone might find something to lose
        await peer.flush();
      }
      await broker.ping();
      await peer.flush();
      steps = (performance.now() - began) / 200 + 1;
      drawn = peer.count - before;
    });
    assert(drawn > 0, "they are given once");
    assertLess(drawn, 40 * steps, `${LOSSES} messages draw 36 each`);
  },
);
