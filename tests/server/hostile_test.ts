import { DecodeError, type NatsBroker, NoRespondersError, RemoteError } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { blockOf, MAX_PAYLOAD, randomMessage } from "../soak/generative/messages.ts";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { Crashes } from "../support/crashes.ts";
import { usedMemory } from "../support/memory.ts";
import { Spy } from "../support/spy.ts";
import { meanwhile, within } from "../support/within.ts";
import { type Random, seeded } from "../unit/seeded_random.ts";

const SOON = { timeout: 5_000 };
const FORGED_503 = { header: " 503" };

/** A broker that listens in every way there is, and has nobody read more than it must. */
async function listening(server: Backend): Promise<{ broker: NatsBroker; subjects: string[] }> {
  const broker = server.broker({ service: { name: "hostile", version: "1.0.0" } });
  broker.subscriber("svc.echo", ({ body }) => body);
  broker.subscriber("svc.parts", async function* ({ body }) {
    yield body ?? null;
    yield "last";
  });
  broker.session("svc.talk", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  const reader = broker.subscriber("svc.read");
  await broker.start();
  const inbox = await broker.openInbox();
  for (const source of [reader, inbox]) {
    meanwhile(async () => {
      for await (const message of source) void message.data;
    });
  }
  const discovery = ["$SRV.PING", "$SRV.INFO.hostile", "$SRV.STATS.hostile"];
  const subjects = ["svc.echo", "svc.parts", "svc.talk", "svc.read", inbox.subject, ...discovery];
  return { broker, subjects };
}

async function assertServes(broker: NatsBroker): Promise<void> {
  assertEquals((await broker.request("svc.echo", { n: 1 }, SOON)).body, { n: 1 });
  const parts = await Array.fromAsync(broker.requestStream("svc.parts", "first", SOON));
  assertEquals(parts.map(({ body }) => body), ["first", "last"]);
  await using session = await broker.openSession("svc.talk", null, SOON);
  await session.send("well?");
  assertEquals((await session.next(SOON))?.body, "well?");
  await using inbox = await broker.openInbox({ max: 1 });
  await broker.publish(inbox.subject, "here");
  assertEquals((await inbox.next(SOON))?.body, "here");
  assertEquals(
    ((await broker.request("$SRV.PING.hostile", "", SOON)).body as { name: string }).name,
    "hostile",
  );
}

async function sayJunk(spy: Spy, random: Random, subjects: readonly string[], count: number) {
  for (let said = 0; said < count; said++) {
    const { headers, data, wantsAnswer } = randomMessage(random);
    const isStatus = random(20) === 0;
    await spy.say(subjects[random(subjects.length)]!, {
      ...wantsAnswer && { replyTo: `told.${said}` },
      ...headers && { header: blockOf(headers) },
      ...isStatus && FORGED_503,
      payload: isStatus ? "" : data,
    });
  }
  await spy.heard();
}

onEveryServer(
  "NatsBroker goes on under junk to every subject it listens on, and keeps nothing of it",
  async (server) => {
    using crashes = new Crashes();
    const { broker, subjects } = await listening(server);
    await using spy = await Spy.connect(server.url);
    const random = seeded(5);
    await sayJunk(spy, random, subjects, 1_500);
    await assertServes(broker);
    const before = usedMemory();
    await sayJunk(spy, random, subjects, 3_000);
    await assertServes(broker);
    spy.forget();
    const grown = usedMemory() - before;
    assert(grown < 2 ** 20, `${grown} bytes are kept`);
    assertEquals(crashes.found, []);
    const { polluted, 1: one } = Object.prototype as unknown as Record<string, unknown>;
    assertEquals([polluted, one], [undefined, undefined]);
  },
  { maxPayload: MAX_PAYLOAD },
);

onEveryServer(
  "NatsBroker.request() takes no answer but to its own token, whatever comes beside it",
  async (server) => {
    const asked = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const broker = server.broker();
    broker.subscriber("svc.slow", async () => {
      asked.resolve();
      await gate.promise;
      return "answer";
    });
    await broker.start();
    await using spy = await Spy.connect(server.url);
    const answer = meanwhile(() => broker.request("svc.slow", "", SOON));
    await within("it must be asked", asked.promise);
    const { replyTo } = await spy.seen("the request", ({ subject }) => subject === "svc.slow");
    const base = replyTo.slice(0, replyTo.lastIndexOf(".") + 1);
    const tokens = ["__proto__", "constructor", "x", `${replyTo.slice(base.length)}x`, "*", ">"];
    for (const token of tokens) {
      await spy.say(base + token, { payload: "forged" });
      await spy.say(base + token, FORGED_503);
    }
    await spy.heard();
    gate.resolve();
    assertEquals((await answer).body, "answer");
  },
);

onEveryServer(
  "NatsBroker.request() settles with an error of its own whatever a spy answers",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("svc.silent", () => new Promise(() => {}));
    await broker.start();
    await using spy = await Spy.connect(server.url);
    const ask = async (forged: Parameters<Spy["say"]>[1]) => {
      spy.forget();
      const answer = meanwhile(async () => (await broker.request("svc.silent", "", SOON)).body);
      const { replyTo } = await spy.seen("the request", ({ subject }) => subject === "svc.silent");
      for (let times = 0; times < 3; times++) await spy.say(replyTo, forged);
      return await answer;
    };
    await assertRejects(() => ask(FORGED_503), NoRespondersError);
    const json = "\r\ncontent-type: application/json";
    await assertRejects(() => ask({ header: json, payload: "{" }), DecodeError);
    await assertRejects(
      () => ask({ header: json, payload: new Uint8Array([34, 0xff, 34]) }),
      DecodeError,
    );
    for (const code of ["500", "-1", "NaN", "9".repeat(400), ""]) {
      const header = `\r\nNats-Service-Error-Code: ${code}\r\nNats-Service-Error: \u0000`;
      const error = await assertRejects(() => ask({ header, payload: "\xff" }), RemoteError);
      assertEquals(typeof error.code, "number");
    }
    assertEquals(await ask({ payload: "[".repeat(100_000) }), "[".repeat(100_000));
    const body = await ask({ payload: '{"__proto__":{"polluted":1},"toString":1}' }) as object;
    assertEquals(Object.hasOwn(body, "__proto__"), true);
    assertEquals(({} as { polluted?: number }).polluted, undefined);
    await broker.stop({ timeout: 100 });
  },
);
