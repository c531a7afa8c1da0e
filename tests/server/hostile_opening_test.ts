import type { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { Crashes } from "../support/crashes.ts";
import { Spy } from "../support/spy.ts";
import { delay } from "../support/delay.ts";

const FITTING = "frames=9 bytes=999 body=999 responses=0";
const HUGE = "9".repeat(15);

/** Openings that cannot be, and what their callers are told. */
const REFUSED: readonly string[] = [
  "",
  "1",
  "1 session",
  `2 session ${FITTING}`,
  `1 dialogue ${FITTING}`,
  `1 stream ${FITTING}`,
  `1  session ${FITTING}`,
  "1 session frames=-1 bytes=9 body=9 responses=0",
  "1 session frames=NaN bytes=9 body=9 responses=0",
  "1 session frames=1e9 bytes=9 body=9 responses=0",
  "1 session frames=0x10 bytes=9 body=9 responses=0",
  `1 session frames=${HUGE}9 bytes=9 body=9 responses=0`,
  "1 session __proto__=1 constructor=2 frames=1",
  "1 session ".repeat(1_000),
];

/** Openings that can be, though nobody in his right mind would send them. */
const ABSURD: readonly string[] = [
  "1 session frames=0 bytes=0 body=0 responses=0",
  `1 session frames=${HUGE} bytes=${HUGE} body=${HUGE} responses=${HUGE}`,
  `1 session ${FITTING} responses=1 __proto__=1 later=yes`,
];

async function serving(server: Backend): Promise<NatsBroker> {
  const broker = server.broker({ inboxPrefix: "_SVC" });
  broker.session("svc.{room}", { maxSessions: 4 }, async (session) => {
    await session.send("welcome");
    for await (const { body } of session) await session.send(body);
  });
  await broker.start();
  return broker;
}

async function assertTalks(broker: NatsBroker): Promise<void> {
  await using session = await broker.openSession("svc.talk");
  assertEquals((await session.next({ timeout: 5_000 }))?.body, "welcome");
}

onEveryServer(
  "NatsBroker.session() refuses openings with terms that cannot be",
  async (server) => {
    using crashes = new Crashes();
    await using spy = await Spy.connect(server.url);
    const broker = await serving(server);
    for (const [at, terms] of REFUSED.entries()) {
      const replyTo = `told.${at}.o1`;
      await spy.say("svc.talk", { replyTo, header: `\r\nSignalbox-Link: ${terms}` });
      const { header } = await spy.seen("an answer", ({ subject }) => subject === replyTo);
      const text = new TextDecoder().decode(new Uint8Array(header));
      assert(text.includes("Nats-Service-Error-Code: 400"), `${terms.slice(0, 60)}: ${text}`);
    }
    await assertTalks(broker);
    assertEquals(crashes.found, []);
  },
);

onEveryServer(
  "NatsBroker.session() gives the places of absurd openings to others, who talk",
  async (server) => {
    using crashes = new Crashes();
    await using spy = await Spy.connect(server.url);
    const broker = await serving(server);
    for (const [at, terms] of [...ABSURD, ...ABSURD].entries()) {
      const replyTo = `told.${at}.o1`;
      await spy.say("svc.talk", { replyTo, header: `\r\nSignalbox-Link: ${terms}` });
      await spy.seen("an answer", ({ subject }) => subject === replyTo);
    }
    await assertTalks(broker);
    assertEquals(crashes.found, []);
  },
);

onEveryServer(
  "NatsBroker.session() makes no loop of openings that are to be answered to somebody else",
  async (server) => {
    using crashes = new Crashes();
    const broker = await serving(server);
    await using spy = await Spy.connect(server.url);
    await using live = await broker.openSession("svc.talk");
    const ends = await spy.ends("svc.talk");
    const header = `\r\nSignalbox-Link: 1 session ${FITTING}`;
    const others = ["svc.o1", "$SRV.PING", `${ends.opener}o1`, `${ends.server}o1`];
    for (const replyTo of others) await spy.say("svc.talk", { replyTo, header });
    await delay(1_000);
    const seen = spy.count(() => true);
    assert(seen < 200, `${seen} messages followed`);
    assertEquals((await live.next({ timeout: 5_000 }))?.body, "welcome");
    await live.send("still here");
    assertEquals((await live.next({ timeout: 5_000 }))?.body, "still here");
    assertEquals(crashes.found, []);
  },
);
