import type { NatsBroker } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { type Backend, onEveryServer, onNatsServer } from "../support/backends.ts";
import { Crashes } from "../support/crashes.ts";
import { Spy } from "../support/spy.ts";
import { seeded } from "../unit/seeded_random.ts";
import { withBystander } from "./bystander.ts";
import { oddAddress } from "./odd_addresses.ts";

const SERVED = ["svc.echo", "svc.parts", "svc.talk", "svc.silent", "svc.read", "svc.also"];
const SOON = { timeout: 5_000 };
/** Each of the attacker's messages begins so, and none of the service's. */
const MARK = "attack";

async function serving(server: Backend): Promise<NatsBroker> {
  const broker = server.broker({ service: { name: "hostile", version: "1.0.0" } });
  broker.subscriber("bystander.echo", ({ body }) => body);
  broker.subscriber("svc.echo", () => "echoed");
  broker.subscriber("svc.parts", async function* () {
    yield "one";
    yield "two";
  });
  broker.session("svc.talk", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  broker.subscriber("svc.silent", { noReply: true }, () => "unheard");
  broker.subscriber("svc.also", { publishTo: "told.also" }, () => {
    throw new Error("its own");
  });
  broker.subscriber("svc.read");
  await broker.start();
  return broker;
}

async function assertServes(broker: NatsBroker): Promise<void> {
  assertEquals((await broker.request("svc.echo", null, SOON)).body, "echoed");
  const parts = await Array.fromAsync(broker.requestStream("svc.parts", null, SOON));
  assertEquals(parts.map(({ body }) => body), ["one", "two"]);
  await using session = await broker.openSession("svc.talk", null, SOON);
  await session.send("well?");
  assertEquals((await session.next(SOON))?.body, "well?");
}

/** Says so many messages with an address that no honest caller has, to everything the service listens on. */
async function attack(spy: Spy, seed: number, count: number): Promise<void> {
  const random = seeded(seed);
  const subjects = [...SERVED, "$SRV.PING", "$SRV.INFO.hostile", "$SRV.STATS"];
  for (let said = 0; said < count; said++) {
    const opening =
      "\r\nSignalbox-Link: 1 session frames=4 bytes=1048576 body=67108864 responses=0";
    await spy.say(subjects[random(subjects.length)]!, {
      replyTo: oddAddress(random, SERVED),
      payload: MARK,
      ...random(4) === 0 && { header: opening },
    });
    if (said % 50 === 0) await spy.heard();
  }
  await spy.heard();
}

onEveryServer(
  "NatsBroker answers to no address that is the server's, its own, or none at all",
  async (server) => {
    using crashes = new Crashes();
    const broker = await serving(server);
    await using spy = await Spy.connect(server.url);
    const strays = new Set<string>();
    await using ear = await Spy.connect(server.url);
    ear.listen(({ subject, payload }) => {
      const isOurs = !new TextDecoder().decode(payload).startsWith(MARK);
      const isForbidden = subject.startsWith("$") || SERVED.includes(subject);
      if (isOurs && isForbidden) strays.add(subject);
    });
    for (let seed = 1; seed <= 3; seed++) {
      await withBystander(server.url, "bystander.echo", () => attack(spy, seed, 500));
    }
    await ear.heard();
    assertEquals([...strays], []);
    await assertServes(broker);
    assertEquals(crashes.found, []);
  },
);

Deno.test("NatsBroker outlives an outage in which odd addresses are to be answered", async () => {
  await onNatsServer(async (backend, server) => {
    using crashes = new Crashes();
    const broker = await serving(backend);
    const held = Promise.withResolvers<void>();
    let waiting = 0;
    broker.subscriber("svc.later", { concurrency: 2_000 }, async () => {
      waiting++;
      await held.promise;
      return "late";
    });
    await broker.start();
    await using spy = await Spy.connect(server.url);
    const random = seeded(9);
    for (let said = 0; said < 500; said++) {
      await spy.say("svc.later", { replyTo: oddAddress(random, SERVED), payload: MARK });
    }
    await spy.heard();
    const inTime = broker.request("svc.later", null, { timeout: 20_000 });
    await broker.flush();
    await server.kill();
    held.resolve();
    await server.restart();
    assertEquals((await inTime.catch((error) => error)).body, "late", `${waiting} were at work`);
    await assertServes(broker);
    assertEquals(crashes.found, []);
  }, {});
});
