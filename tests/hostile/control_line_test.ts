import { type BrokerEvent, InvalidSubjectError, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Wire } from "../interop/wire.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { withBystander } from "./bystander.ts";

const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;
/** Longer than a line of 256 bytes, and not than what is usual. */
const LONG = `long.${"a".repeat(400)}`;
const ATTACKER = "_INBOX.attacker.";
const TERMS = "Signalbox-Link: 1 session frames=4 bytes=1048576 body=67108864 responses=0";

function eventsOf(broker: NatsBroker): BrokerEvent[] {
  const events: BrokerEvent[] = [];
  void (async () => {
    for await (const event of broker.events()) events.push(event);
  })();
  return events;
}

function disconnects(events: readonly BrokerEvent[]): number {
  return events.filter(({ type }) => type === "disconnected").length;
}

/** What was dropped, and not refused at once to the `publish()` that is an error event as well. */
function dropped(events: readonly BrokerEvent[], refused: readonly Error[]): Error[] {
  return events.flatMap((event) => event.type === "error" ? [event.error] : [])
    .filter((error) => error instanceof InvalidSubjectError && !refused.includes(error));
}

function narrow(): Promise<NatsServer> {
  return NatsServer.start({ config: "max_control_line: 256" });
}

onEveryServer(
  "NatsBroker.session() refuses an opening whose reply address is long with a code, and stays connected",
  async (server) => {
    const broker = server.broker(options);
    const events = eventsOf(broker);
    broker.subscriber("bystander.echo", ({ body }) => body);
    broker.session("talk", async (session) => {
      for await (const { body } of session) await session.send(body);
    });
    broker.subscriber("parts", async function* () {
      yield 1;
    });
    await broker.start();
    using attacker = await Wire.connect(server.url);
    // the bystander's answers go to "_INBOX.", too
    await attacker.subscribe(`${ATTACKER}>`);
    const block = new TextEncoder().encode(`NATS/1.0\r\n${TERMS}\r\n\r\n`);
    await withBystander(server.url, "bystander.echo", async () => {
      for (const length of [1_100, 1_900, 4_000, 4_060]) {
        const replyTo = `${ATTACKER}${"a".repeat(length - ATTACKER.length - 3)}.o1`;
        for (const subject of ["talk", "parts"]) {
          await attacker.publish({ subject, replyTo, header: block, payload: new Uint8Array() });
        }
      }
      await delay(1_000);
    });
    assertEquals(disconnects(events), 0);
    const { header } = await attacker.any();
    assertStringIncludes(new TextDecoder().decode(header), "Nats-Service-Error-Code: 400");
    await using session = await broker.openSession("talk", null, { timeout: 5_000 });
    await session.send("well?");
    assertEquals((await session.next({ timeout: 5_000 }))?.body, "well?");
  },
);

Deno.test("NatsBroker.start() rejects where the server ends the connection over the subject of a handler", async () => {
  await using server = await narrow();
  await using broker = new NatsBroker(server.url, options);
  const events = eventsOf(broker);
  broker.subscriber(LONG, () => {});
  await assertRejects(() => broker.start(), InvalidSubjectError, "max_control_line");
  await broker.connect();
  await broker.flush();
  const before = disconnects(events);
  await delay(500);
  assertEquals(disconnects(events), before);
  assert(before <= 2, `${before} disconnects`);
});

Deno.test("NatsBroker drops and reports what a server ends the connection over, and goes on with all else", async () => {
  await using server = await narrow();
  await using broker = new NatsBroker(server.url, options);
  broker.subscriber("bystander.echo", ({ body }) => body);
  await broker.start();
  const events = eventsOf(broker);
  await broker.publish(LONG, "x");
  const refused = await assertRejects(
    async () => {
      for (;;) {
        await delay(10);
        await broker.publish(LONG, "x");
      }
    },
    InvalidSubjectError,
    "max_control_line",
  );
  assertEquals(dropped(events, [refused]).length, 1);
  const before = disconnects(events);
  assertEquals((await broker.request("bystander.echo", 1, { timeout: 5_000 })).body, 1);
  await withBystander(server.url, "bystander.echo", async () => {
    for (let count = 0; count < 100; count++) {
      await assertRejects(() => broker.publish(LONG, count), InvalidSubjectError);
      await delay(5);
    }
  });
  assertEquals(disconnects(events), before);
});

Deno.test("NatsBroker sends what stands behind a message that the next server does not take", async () => {
  await using wide = await NatsServer.start();
  await using server = await narrow();
  await using broker = new NatsBroker(server.url, options);
  await using reading = new NatsBroker(server.url, options);
  await Promise.all([broker.connect(), reading.connect()]);
  await using inbox = await reading.openInbox();
  const events = eventsOf(broker);
  await broker.publish(LONG, "x");
  await until("it must be dropped", () => dropped(events, []).length === 1);
  const refused: Error[] = [];
  for (let n = 0; n < 10; n++) {
    await broker.publish(inbox.subject, n);
    refused.push(await assertRejects(() => broker.publish(LONG, n), InvalidSubjectError));
  }
  await broker.flush().catch(() => broker.flush());
  for (let n = 0; n < 10; n++) assertEquals((await inbox.next({ timeout: 5_000 }))?.body, n);
  assertEquals(dropped(events, refused).length, 1);
  // another server may take more
  await using elsewhere = new NatsBroker(wide.url, options);
  await elsewhere.connect();
  await elsewhere.publish(LONG, "x");
  await elsewhere.flush();
});

Deno.test("NatsBroker.openInbox() rejects where its prefix is too long for the server's line", async () => {
  await using server = await narrow();
  await using broker = new NatsBroker(server.url, { ...options, inboxPrefix: LONG });
  await broker.connect();
  await assertRejects(() => broker.openInbox(), InvalidSubjectError, "max_control_line");
  await assertRejects(() => broker.request("a", 1, { timeout: 2_000 }));
  await broker.publish("a", 1);
  await broker.ping();
});
