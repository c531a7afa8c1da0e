import { type NatsBroker, PermissionError, type Session } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { type Backend, onEveryServer, type User } from "../support/backends.ts";
import { Crashes } from "../support/crashes.ts";
import { delay } from "../support/delay.ts";
import { type Ends, type Forged, Spy } from "../support/spy.ts";
import { within } from "../support/within.ts";
import { withBystander } from "./bystander.ts";

const SPY: User = { user: "spy", password: "spy" };
const DESK: User = {
  user: "desk",
  password: "desk",
  permissions: { subscribe: ["desk.>", "_DESK.>"], allowResponses: true },
};
const SHOP: User = {
  user: "shop",
  password: "shop",
  permissions: { publish: ["desk.>", "_DESK.>"], subscribe: ["_SHOP.>"] },
};
const USERS = { users: [SPY, SHOP, DESK] };

interface Talk extends Ends {
  readonly opened: Session;
  readonly served: Session;
  readonly desk: NatsBroker;
  readonly shop: NatsBroker;
  readonly errors: Error[];
}

/** A session of the shop with a desk that may only answer, or may do everything, and somebody who sees it all. */
async function talking(
  at: Backend,
  spy: Spy,
  isLimited: boolean,
  options: { readonly resumeTimeout?: number } = {},
): Promise<Talk> {
  const limits = isLimited ? { as: DESK, allowResponses: true } as const : { as: SPY };
  const desk = at.broker({ ...limits, inboxPrefix: "_DESK" });
  const shop = at.broker({ as: isLimited ? SHOP : SPY, inboxPrefix: "_SHOP" });
  const told = Promise.withResolvers<Session>();
  desk.session("desk.talk", options, async (session) => {
    told.resolve(session);
    for await (const { body } of session) await session.send(body);
  });
  desk.subscriber("desk.ask", ({ body }) => body);
  await desk.start();
  await shop.connect();
  const errors: Error[] = [];
  void (async () => {
    for await (const event of desk.events()) if (event.type === "error") errors.push(event.error);
  })();
  const opened = await shop.openSession("desk.talk", null, options);
  const served = await within("it must be served", told.promise);
  return { opened, served, desk, shop, errors, ...await spy.ends("desk.talk") };
}

async function assertEchoes({ opened }: Talk, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    await opened.send(text);
    assertEquals((await opened.next({ timeout: 5_000 }))?.body, text);
  }
}

async function assertComplete({ opened, served }: Talk): Promise<void> {
  await within("the session must end", opened.close());
  assertEquals([await opened.closed, await served.closed], ["complete", "complete"]);
}

/** The spy's own URL, as the server asks for a name. */
function urlOf(at: Backend): string {
  return at.url.replace("nats://", "nats://spy:spy@");
}

onEveryServer(
  "Session of a limited desk takes no bare frame of somebody who knows its inbox alone",
  async (at) => {
    using crashes = new Crashes();
    await using spy = await Spy.connect(urlOf(at));
    const talk = await talking(at, spy, true);
    await withBystander(at.url, "desk.ask", async () => {
      await assertEchoes(talk, ["first"]);
      const names = ["2t", "2f", "3t", "2s", "2m", "2e", "2t123456789012345", "2t1"];
      for (const name of names) await spy.say(talk.server + name, { payload: "forged" });
      await spy.heard();
      await assertEchoes(talk, ["second", "third", "fourth"]);
    }, { auth: { user: SHOP.user, password: SHOP.password! }, inboxPrefix: "_SHOP" });
    assertEquals(talk.errors.map(({ message }) => /must come from the other/.test(message)), [
      true,
    ]);
    await assertComplete(talk);
    assertEquals(crashes.found, []);
  },
  USERS,
);

/** A 503 as the server writes it, as older ones did, and as forgers might. */
function silences(own: string): readonly Forged[] {
  const named = [
    "",
    "desk.talk",
    "desk.ask",
    own,
    `${own}o1`,
    ">",
    "_DESK.>",
    "_SHOP.>",
    "x".repeat(900),
  ];
  return [
    { header: " 503" },
    { header: " 503 No Responders" },
    ...named.map((subject) => ({ header: ` 503\r\nNats-Subject: ${subject}` })),
  ];
}

for (const isLimited of [false, true]) {
  for (const resumeTimeout of [0, 30_000]) {
    const kind = `${isLimited ? "limited" : "free"} desk with a resumeTimeout of ${resumeTimeout}`;
    onEveryServer(`Session of a ${kind} is not ended by a forged 503`, async (at) => {
      using crashes = new Crashes();
      await using spy = await Spy.connect(urlOf(at));
      const talk = await talking(at, spy, isLimited, { resumeTimeout });
      await assertEchoes(talk, ["first"]);
      for (const own of [talk.opener, talk.server]) {
        for (const silence of silences(own)) {
          for (const name of ["o1", "c2", "c3", "1t", "p4", "x"]) {
            await spy.say(own + name, silence);
          }
        }
      }
      await spy.heard();
      await assertEchoes(talk, ["second", "third"]);
      // longer than an answer to a probe may take
      await delay(1_300);
      assertEquals([talk.opened.state, talk.served.state], ["open", "open"]);
      await assertComplete(talk);
      assertEquals(crashes.found, []);
    }, USERS);
  }
}

onEveryServer(
  "Session of a limited desk goes on while others name its peer's inbox as their reply address",
  async (at) => {
    using crashes = new Crashes();
    await using spy = await Spy.connect(urlOf(at));
    const talk = await talking(at, spy, true);
    const terms = "1 session frames=9 bytes=999 body=999 responses=0";
    const opening = { header: `\r\nSignalbox-Link: ${terms}` };
    for (let round = 0; round < 30; round++) {
      await talk.opened.send(`round ${round}`);
      for (const name of ["o1", `c${round + 2}`, `c${round + 3}`, `c${round + 4}`]) {
        const replyTo = talk.opener + name;
        await spy.say("desk.ask", { replyTo, payload: "spend it" });
        await spy.say("desk.talk", { replyTo, ...opening });
      }
      await spy.heard();
      assertEquals((await talk.opened.next({ timeout: 10_000 }))?.body, `round ${round}`);
    }
    await assertComplete(talk);
    assertEquals(crashes.found, []);
  },
  USERS,
);

onEveryServer("PermissionError for a publish of the program's ends no session", async (at) => {
  await using spy = await Spy.connect(urlOf(at));
  const talk = await talking(at, spy, true);
  const other = await talk.shop.openSession("desk.talk");
  // the desk may not, and it is no address that came to it
  await talk.desk.publish(`${talk.opener}nothing`, "not permitted").catch(() => {});
  await talk.desk.publish("_SHOP.nobody", "not permitted").catch(() => {});
  await talk.desk.ping();
  await assertEchoes(talk, ["still", "there"]);
  assert(talk.errors.some((error) => error instanceof PermissionError), "it is told");
  await other.close();
  assertEquals(await other.closed, "complete");
  await assertComplete(talk);
}, USERS);

onEveryServer(
  "NatsBroker.openSession() sends nothing to a subject that somebody else gives as his inbox",
  async (at) => {
    await using spy = await Spy.connect(at.url);
    const broker = at.broker();
    const handled: string[] = [];
    broker.subscriber("orders.*.*", ({ subject }) => void handled.push(subject));
    broker.session("talk", (session) => session.closed);
    await broker.start();
    const link = "\r\nSignalbox-Link: 1 session frames=9 bytes=999 body=999 responses=0";
    for (const inbox of ["orders.delete.o1", "$JS.API.STREAM.DELETE.LEDGER.o1"]) {
      const opening = broker.openSession("liar.talk", null, { timeout: 10_000 });
      opening.catch(() => {});
      const { replyTo } = await spy.seen("an opening", ({ subject }) => subject === "liar.talk");
      await spy.say(replyTo, { replyTo: inbox, header: link });
      const error = await opening.then(() => undefined, (error) => error);
      assertEquals(error?.reason, "gap", inbox);
      spy.forget();
    }
    // nor to one who has accepted too late
    const session = await broker.openSession("talk");
    const { opener } = await spy.ends("talk");
    await spy.say(`${opener}o1`, { replyTo: "orders.delete.o1", header: link });
    await spy.heard();
    await broker.ping();
    await session.close();
    assertEquals(handled, []);
    assertEquals(spy.count(({ subject }) => /^(orders|\$JS)\./.test(subject)), 0);
  },
);
