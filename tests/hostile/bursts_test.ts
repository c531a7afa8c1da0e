import { NatsBroker, PayloadTooLargeError } from "@signalbox/nats";
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { agree, infoWith, ScriptedServer } from "../support/scripted_server.ts";

/** Each is at odds with what went before it: more than a buffer has left, or than it has at all. */
const SIZES = [1, 65_536, 10_000, 60_000, 1, 65_000, 15_000, 64_000, 300_000, 3, 1_000_000, 0];

onEveryServer(
  "NatsBroker.publish() sends each message though nothing follows it",
  async (server) => {
    const [reading, sending] = [server.broker(), server.broker()];
    await Promise.all([reading.connect(), sending.connect()]);
    await using inbox = await reading.openInbox();
    for (const size of SIZES) {
      await sending.publish(inbox.subject, new Uint8Array(10_000));
      await sending.publish(inbox.subject, new Uint8Array(size));
      assertEquals((await inbox.next({ timeout: 10_000 }))?.data.length, 10_000);
      assertEquals((await inbox.next({ timeout: 10_000 }))?.data.length, size);
    }
  },
);

const BURST = 250;

/** Gives what arrives of a burst that one broker sends another, once the sender has ended it in its way. */
async function arrived(
  server: Backend,
  end: (sending: NatsBroker) => Promise<void>,
): Promise<number[]> {
  const [reading, sending] = [server.broker(), server.broker()];
  const taken: number[] = [];
  reading.subscriber("burst", ({ data }) => void taken.push(data[0]!));
  await Promise.all([reading.start(), sending.connect()]);
  for (let n = 0; n < BURST; n++) void sending.publish("burst", new Uint8Array(10_000).fill(n));
  await end(sending);
  await reading.flush({ timeout: 20_000 });
  await reading.stop();
  return taken;
}

const ALL = Array.from({ length: BURST }, (_, n) => n);

onEveryServer("NatsBroker.flush() resolves behind all of a burst", async (server) => {
  assertEquals(await arrived(server, (sending) => sending.flush({ timeout: 20_000 })), ALL);
});

onEveryServer("NatsBroker.stop() has a burst sent before it leaves", async (server) => {
  assertEquals(await arrived(server, (sending) => sending.stop({ timeout: 20_000 })), ALL);
});

onEveryServer(
  "NatsBroker.stop() hands its own handlers what it has published to them",
  async (server) => {
    const broker = server.broker();
    let taken = 0;
    broker.subscriber("own", () => void taken++);
    await broker.start();
    for (let n = 0; n < 250; n++) void broker.publish("own", new Uint8Array(10_000));
    await broker.stop({ timeout: 20_000 });
    assertEquals(taken, 250);
  },
);

Deno.test("NatsBroker.flush() rejects where a server lowers its limit under a burst and some of it is lost, and only there", async () => {
  const lowered = infoWith({ max_payload: 1_000 });
  let pings = 0;
  const answer = (line: string) => {
    if (line === "PING" && ++pings === 2) return `${lowered}PONG\r\n`;
    return agree(line);
  };
  await using server = ScriptedServer.start({ answer });
  await using broker = new NatsBroker(server.url, { logger: false });
  const seen = recorded(broker);
  await broker.connect();
  const sent = Array.from(
    { length: 100 },
    (_, n) => broker.publish(`a.${n}`, new Uint8Array(5_000)),
  );
  await Promise.all(sent);
  const flushed = await broker.flush().then(() => undefined, (error) => error);
  const lost = errorsIn(seen);
  for (const error of lost) assertInstanceOf(error, PayloadTooLargeError);
  assertEquals(flushed instanceof PayloadTooLargeError, lost.length > 0);
  await assertRejects(() => broker.publish("b", new Uint8Array(5_000)), PayloadTooLargeError);
  await broker.publish("c", new Uint8Array(500));
  await broker.flush();
});
