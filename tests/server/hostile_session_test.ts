import {
  DecodeError,
  LinkError,
  type NatsBroker,
  OutboxFullError,
  PayloadTooLargeError,
  RemoteError,
  type Session,
  TimeoutError,
} from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { Crashes } from "../support/crashes.ts";
import { FORGERIES } from "../support/forgeries.ts";
import { usedMemory } from "../support/memory.ts";
import { until } from "../support/nats_server/until.ts";
import { type Ends, Spy } from "../support/spy.ts";
import { meanwhile, within } from "../support/within.ts";
import { pick, type Random, seeded } from "../unit/seeded_random.ts";

const KNOWN = [
  DecodeError,
  LinkError,
  OutboxFullError,
  PayloadTooLargeError,
  RemoteError,
  TimeoutError,
];
/** Whose other side was made to leave finds out by its silence. */
const PATIENCE = { resumeTimeout: 1_000, keepAlive: 500 };
/** The other side must stay, also on a machine that is too busy to say a word for a while. */
const PATIENT = { resumeTimeout: 3_000, keepAlive: 500 };

interface Talk extends Ends {
  readonly opened: Session;
  readonly served: Session;
}

/** A service that echoes, and its events. */
async function talking(server: Backend, patience = PATIENCE) {
  const [service, client] = [server.broker({ inboxPrefix: "_SVC" }), server.broker()];
  let told = Promise.withResolvers<Session>();
  service.session("svc.talk", patience, async (session) => {
    told.resolve(session);
    for await (const { body } of session) await session.send(body);
  });
  await service.start();
  await client.connect();
  const open = async (spy: Spy): Promise<Talk> => {
    told = Promise.withResolvers();
    const opened = await client.openSession("svc.talk", null, patience);
    const served = await within("it must be served", told.promise);
    return { opened, served, ...await spy.ends("svc.talk") };
  };
  return { service, client, open };
}

/** The errors that a broker tells of. */
function errorsOf(broker: NatsBroker): Error[] {
  const errors: Error[] = [];
  meanwhile(async () => {
    for await (const event of broker.events()) if (event.type === "error") errors.push(event.error);
  });
  return errors;
}

async function assertEchoes({ opened }: Talk, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    await opened.send(n);
    assertEquals((await opened.next({ timeout: 5_000 }))?.body, n);
  }
}

onEveryServer(
  "Session takes nothing from those who know one address alone, and tells of them once",
  async (server) => {
    using crashes = new Crashes();
    await using spy = await Spy.connect(server.url);
    const { service, client, open } = await talking(server, PATIENT);
    const errors = [service, client].map(errorsOf);
    const talk = await open(spy);
    await assertEchoes(talk, 1);
    for (const [name, forged] of FORGERIES) {
      for (const inbox of [talk.opener, talk.server]) {
        const forgers = ["forger.inbox.", inbox, inbox.slice(0, -2) + "."];
        for (const forger of forgers) {
          await spy.say(inbox + "o1", { ...forged, replyTo: forger + (name || "1t") });
        }
      }
    }
    await spy.heard();
    await assertEchoes(talk, 20);
    assertEquals([talk.opened.state, talk.served.state], ["open", "open"]);
    for (const told of errors) {
      const about = told.map(({ message }) => message.includes("must come from the other side"));
      assertEquals(about, [true]);
    }
    await talk.opened.close();
    assertEquals([await talk.opened.closed, await talk.served.closed], ["complete", "complete"]);
    assertEquals(crashes.found, []);
  },
);

/** Whatever the program does now, it must be told within its time: a value, or an error that is known. */
async function assertSettles(session: Session, what: string): Promise<void> {
  const works: (() => Promise<unknown>)[] = [
    () => session.send("still there?"),
    () => session.next({ timeout: 300 }),
    () => session.next({ timeout: 300 }),
  ];
  for (const work of works) {
    const settled = within(`${what} must settle`, work(), 5_000);
    const error = await settled.then(() => undefined, (error) => error);
    const isKnown = error === undefined || KNOWN.some((kind) => error instanceof kind);
    assert(isKnown, `${what}: ${error}`);
  }
}

async function assertEnds({ opened, served }: Talk, what: string): Promise<void> {
  opened.abort();
  for (const session of [opened, served]) {
    await within(`${what} must end`, session.closed, 8_000);
  }
}

onEveryServer(
  "Session settles and ends whatever comes in the name of the other side",
  async (server) => {
    using crashes = new Crashes();
    await using spy = await Spy.connect(server.url);
    const { open } = await talking(server, PATIENT);
    const idle = await server.subscriptions();
    const talks: Talk[] = [];
    while (talks.length < FORGERIES.length) talks.push(await open(spy));
    await Promise.all(FORGERIES.map(async ([name, forged], at) => {
      const talk = talks[at]!;
      await assertEchoes(talk, 1);
      const [to, from] = at % 2 ? [talk.opener, talk.server] : [talk.server, talk.opener];
      await spy.say(`${to}o1`, { ...forged, replyTo: from + name });
      await spy.heard();
      await assertSettles(talk.opened, name);
      await assertEnds(talk, name);
    }));
    await until("nothing may be left", async () => await server.subscriptions() === idle, {
      timeout: 15_000,
    });
    assertEquals(crashes.found, []);
    assertEquals((Object.prototype as { polluted?: unknown }).polluted, undefined);
  },
);

async function storm(spy: Spy, random: Random, { opener, server }: Ends): Promise<void> {
  for (let said = 0; said < 30; said++) {
    const [name, forged] = pick(random, FORGERIES);
    const [to, from] = random(2) ? [opener, server] : [server, opener];
    const number = random(3) === 0 ? name.replace(/^\d+/, String(1 + random(40))) : name;
    await spy.say(to + pick(random, ["o1", "1t", "c2"]), { ...forged, replyTo: from + number });
  }
}

onEveryServer("Session keeps nothing of sessions that were broken at random", async (server) => {
  using crashes = new Crashes();
  await using spy = await Spy.connect(server.url);
  const { client, open } = await talking(server);
  const random = seeded(17);
  const play = async (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      const talk = await open(spy);
      const reading = meanwhile(() => Array.fromAsync(talk.opened));
      await Promise.all([storm(spy, random, talk), talk.opened.send("one").catch(() => {})]);
      await spy.heard();
      await assertEnds(talk, `round ${round}`);
      await reading.catch(() => {});
    }
    spy.forget();
    await client.ping();
  };
  await play(30);
  const before = usedMemory();
  await play(100);
  const grown = usedMemory() - before;
  assert(grown < 3 * 2 ** 20, `${grown} bytes are kept`);
  assertEquals(crashes.found, []);
});
