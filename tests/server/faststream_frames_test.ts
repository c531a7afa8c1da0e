import { assertEquals } from "@std/assert";
import { type Frame, Wire } from "../interop/wire.ts";
import { frameOf, readRecording, type Recorded, written } from "../interop/frames.ts";
import { meaningOf, valueOf } from "../interop/meaning.ts";
import { onEveryServer } from "../support/backends.ts";

// tests/interop/faststream.ts --record made these, with FastStream on the other side
const { fromFastStream, fromSignalbox } = await readRecording();
const SOON = { timeout: 3_000 };

const of = (recorded: readonly Recorded[], way: Recorded["way"]) =>
  recorded.filter((frame) => frame.way === way);

Deno.test("The recording has frames of both sides and ways", () => {
  const counts = [fromFastStream, fromSignalbox].flatMap((side) => [
    of(side, "publish").length,
    of(side, "reply").length,
  ]);
  assertEquals(counts.map((count) => count > 10), [true, true, true, true]);
});

onEveryServer(
  "Message.body of FastStream's recorded messages is what was meant",
  async (server) => {
    const broker = server.broker();
    await broker.connect();
    await using inbox = await broker.openInbox();
    using wire = await Wire.connect(server.url);
    for (const recorded of of(fromFastStream, "publish")) {
      await wire.publish({ ...frameOf(recorded), subject: inbox.subject });
      const message = await inbox.next(SOON);
      assertEquals(meaningOf(message?.body), recorded.read, recorded.name);
      assertEquals(message?.correlationId, recorded.correlationId, recorded.name);
      assertEquals(message?.replyTo, recorded.replyTo, recorded.name);
      for (const [name, value] of Object.entries(recorded.headers ?? {})) {
        assertEquals(message?.headers.get(name.toUpperCase()), value);
      }
    }
  },
);

onEveryServer("NatsBroker.subscriber() answers FastStream's recorded messages", async (server) => {
  const broker = server.broker();
  broker.subscriber("frames.told", ({ body }) => ({ read: meaningOf(body) }));
  await broker.start();
  using wire = await Wire.connect(server.url);
  await wire.subscribe("frames.answer");
  for (const recorded of of(fromFastStream, "publish")) {
    await wire.publish(frameOf(recorded));
    const { header, payload } = await wire.next("frames.answer");
    assertEquals(JSON.parse(text(payload)), { read: recorded.read }, recorded.name);
    const block = text(header).split("\r\n");
    assertEquals(block.includes(`correlation_id: ${recorded.correlationId}`), true, recorded.name);
  }
});

onEveryServer("NatsBroker.request() reads FastStream's recorded replies", async (server) => {
  const broker = server.broker();
  await broker.connect();
  using wire = await Wire.connect(server.url);
  await wire.subscribe("py.answer");
  for (const recorded of of(fromFastStream, "reply")) {
    const { correlationId } = recorded;
    // a reply names the id of its question, and is taken for no other
    const asked = broker.request("py.answer", recorded.sent, {
      ...correlationId !== undefined && { correlationId },
    });
    const { replyTo } = await wire.next("py.answer");
    await wire.publish({ ...frameOf(recorded), subject: replyTo, replyTo: "" });
    const answer = await asked;
    assertEquals(meaningOf(answer.body), recorded.read, recorded.name);
    assertEquals(answer.correlationId, recorded.correlationId, recorded.name);
  }
});

onEveryServer("NatsBroker.publish() still sends what FastStream has read", async (server) => {
  const broker = server.broker();
  await broker.connect();
  using wire = await Wire.connect(server.url);
  await wire.subscribe("py.hear");
  for (const recorded of of(fromSignalbox, "publish")) {
    const { subject, replyTo, correlationId, headers } = recorded;
    const envelope = { replyTo, correlationId, ...(headers && { headers }) };
    await broker.publish(subject, valueOf(recorded.sent), envelope);
    assertSame(await wire.next(subject), recorded);
  }
});

onEveryServer("NatsBroker.subscriber() still replies what FastStream has read", async (server) => {
  const broker = server.broker();
  const replies = of(fromSignalbox, "reply");
  broker.subscriber("js.reply.{at}", ({ params }) => valueOf(replies[Number(params.at)]!.sent));
  await broker.start();
  using wire = await Wire.connect(server.url);
  await wire.subscribe("frames.answer");
  for (const [at, recorded] of replies.entries()) {
    const { subject: replyTo, correlationId } = recorded;
    const header = bytes(`NATS/1.0\r\ncorrelation_id: ${correlationId}\r\n\r\n`);
    await wire.publish({ subject: `js.reply.${at}`, replyTo, header, payload: bytes("?") });
    assertSame(await wire.next(replyTo), recorded);
  }
});

/** The frame is the recorded one, byte by byte. */
function assertSame(frame: Frame, recorded: Recorded): void {
  const { subject, replyTo, header, payload } = recorded;
  assertEquals(written(frame), { subject, replyTo, header, payload }, recorded.name);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
