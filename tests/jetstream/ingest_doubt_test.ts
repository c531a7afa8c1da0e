import { type Message, NatsBroker } from "@signalbox/nats";
import { IngestError, jetstream } from "@signalbox/nats/jetstream";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";

/** A message that a fake stream has stored. */
interface Stored {
  readonly id: string | undefined;
  readonly body: unknown;
}

/**
 * Answers fast batches as a stream does whose leader loses its leadership for a moment: it keeps the ids of some messages
 * that it never stores, and skips these messages from then on.
 */
class FakeStream {
  readonly stored: Stored[] = [];
  /** The messages that it has accepted, by their ids; it never stores them, or only late. */
  readonly accepted = new Map<string, unknown>();
  /** Whether it stores them when a message comes that expects the last sequence of its subject. */
  isLate = false;
  /** From which message on it accepts without storing, and from which one on it does not even accept. */
  #losesAt: number;
  #gapAt: number;
  #taken = 0;
  /** The batch that ended when it lost its leadership. */
  #broken: string | undefined;

  constructor(losesAt: number, gapAt: number) {
    this.#losesAt = losesAt;
    this.#gapAt = gapAt;
  }

  /** What it answers to a message; nothing if it answers nothing. */
  answer(message: Message): object | undefined {
    const { replyTo = "", headers, body } = message;
    const [, batch, flow, at, kind] = /\.([^.]+)\.(\d+)\.fail\.(\d+)\.(\d)\.\$FI$/.exec(replyTo) ??
      [];
    const id = headers.get("Nats-Msg-Id");
    if (batch === undefined) return this.#single(headers, id, body);
    if (batch === this.#broken) return undefined;
    if (this.#gapAt < Infinity && ++this.#taken >= this.#losesAt) {
      return this.#lose(batch, { id, body }, at!);
    }
    const known = id !== undefined && (this.accepted.has(id) || this.#seqOf(id) > 0);
    if (!known) this.stored.push({ id, body });
    if (kind === "2") return { stream: "R", seq: this.stored.length, batch, count: Number(at) };
    return { type: "ack", seq: Number(at), msgs: Number(flow) };
  }

  #lose(batch: string, { id, body }: Stored, at: string): object | undefined {
    if (this.#taken < this.#gapAt) return void this.accepted.set(id!, body);
    this.#gapAt = Infinity;
    this.#broken = batch;
    return { type: "gap", last_seq: Number(at), seq: Number(at) };
  }

  #single(headers: Message["headers"], id: string | undefined, body: unknown): object {
    const expected = headers.get("Nats-Expected-Last-Subject-Sequence");
    if (id !== undefined && this.#seqOf(id) > 0) {
      return { stream: "R", seq: this.#seqOf(id), duplicate: true };
    }
    if (id !== undefined && this.accepted.has(id)) return refusal(10158, "duplicate in process");
    if (expected === String(this.stored.length) && this.isLate) this.#storeAccepted();
    const last = this.stored.length;
    if (expected !== undefined && expected !== String(last)) {
      return refusal(10071, `wrong last sequence: ${last}`);
    }
    this.stored.push({ id, body });
    return { stream: "R", seq: this.stored.length };
  }

  #storeAccepted(): void {
    for (const [id, body] of this.accepted) this.stored.push({ id, body });
    this.accepted.clear();
  }

  #seqOf(id: string): number {
    return this.stored.findIndex((one) => one.id === id) + 1;
  }
}

function refusal(err_code: number, description: string): object {
  return { error: { code: 400, err_code, description } };
}

/** Ingests numbers into a fake stream, while the time moves on. */
async function ingested(stream: FakeStream, timeout: "10s" | "60s") {
  const broker = new NatsBroker("nats://127.0.0.1:4222", { logger: false });
  const peer = new NatsBroker("nats://127.0.0.1:4222", { logger: false });
  peer.subscriber("r.a", { noReply: true, concurrency: 1 }, async (message) => {
    const answer = stream.answer(message);
    if (answer) await peer.publish(message.replyTo!, answer);
  });
  await using test = await TestBroker.start([broker, peer], { time: "moved" });
  const ingest = jetstream(broker).ingest("r.a", { timeout });
  let isOver = false;
  const end = ReadableStream.from(Array.from({ length: 400 }, (_, at) => at)).pipeTo(ingest)
    .finally(() => isOver = true);
  end.catch(() => {});
  for (let turn = 0; turn < 1_000 && !isOver; turn++) await test.advance("250ms");
  return { end, ingest };
}

Deno.test("js.ingest() stores what its stream has accepted and then forgotten, in order, once each", async () => {
  const stream = new FakeStream(120, 170);
  const { end } = await ingested(stream, "60s");
  await end;
  assertEquals(stream.stored.map(({ body }) => body), Array.from({ length: 400 }, (_, at) => at));
  assert(stream.accepted.size > 10, `${stream.accepted.size}`);
});

Deno.test("js.ingest() stores nothing twice that its stream has accepted and stores late", async () => {
  const stream = new FakeStream(120, 170);
  stream.isLate = true;
  const { end } = await ingested(stream, "60s");
  await end;
  assertEquals(stream.stored.map(({ body }) => body), Array.from({ length: 400 }, (_, at) => at));
  assertEquals(stream.accepted.size, 0);
});

Deno.test("js.ingest() fails rather than to lose what its stream has accepted and not stored", async () => {
  const stream = new FakeStream(120, 170);
  const { end, ingest } = await ingested(stream, "10s");
  const error = await assertRejects(() => end, IngestError);
  assertEquals(error.stored, 119);
  assertEquals(stream.stored.length, 119);
  assert(ingest.uncertain > 0);
});
