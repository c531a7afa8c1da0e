import { assertEquals } from "@std/assert";
import { platformClock } from "../../../src/clock.ts";
import type { RawMessage } from "../../../src/door/mod.ts";
import type { JetStreamApi } from "../../../src/jetstream/api/js_api.ts";
import { OrderedRead } from "../../../src/jetstream/read/ordered_read.ts";
import { within } from "../../support/within.ts";

const encoder = new TextEncoder();
const INBOX = "_INBOX.read";
/** When the messages were stored, in nanoseconds. */
const TIME = "1767225600000000000";

/** A stream without messages, whose consumer delivers what a test says. */
function stage() {
  let take: (raw: RawMessage) => void = () => {};
  let consumer = "";
  const access = {
    clock: platformClock,
    newInbox: () => INBOX,
    subscribe(_: string, into: typeof take) {
      take = into;
      return { unsubscribe() {} };
    },
    onConnection: () => () => {},
    publish() {},
    report() {},
  };
  const call = (subject: string, body: { config: { name: string } }) => {
    if (subject.startsWith("STREAM.INFO")) {
      return Promise.resolve({ created: "2026-01-01", config: {}, state: { last_seq: 0 } });
    }
    consumer = body?.config.name ?? consumer;
    return Promise.resolve({ num_pending: 0, delivered: { consumer_seq: 0, stream_seq: 0 } });
  };
  const deliver = (raw: Partial<RawMessage>) => {
    take({ subject: "a", replyTo: "", data: new Uint8Array(), ...raw } as RawMessage);
  };
  return {
    api: { access, call, prefix: "$JS.API" } as unknown as JetStreamApi,
    heartbeat: () =>
      deliver({
        subject: INBOX,
        headerBlock: encoder.encode("NATS/1.0 100 Idle Heartbeat\r\n\r\n"),
      }),
    message: (seq: number) =>
      deliver({ replyTo: `$JS.ACK.A.${consumer}.1.${seq}.${seq}.${TIME}.0` }),
  };
}

Deno.test("OrderedRead.next() has at once, and in order, what comes in one turn with a heartbeat", async () => {
  const { api, heartbeat, message } = stage();
  let idle = 0;
  const read = new OrderedRead(api, {
    stream: "A",
    from: "last-per-subject",
    idle: () => void idle++,
  });
  await read.ready;
  const seen: number[] = [];
  const next = async () => {
    seen.push((await within("it must come", read.next(), 2_000))!.seq);
  };
  const first = next();
  heartbeat();
  message(1);
  message(2);
  await first;
  const third = next().then(next);
  message(3);
  await third;
  assertEquals([seen, idle], [[1, 2, 3], 1]);
  await read.close();
});

Deno.test("OrderedRead.next() gives what came in one turn with a heartbeat, though the read ends in that turn", async () => {
  const { api, heartbeat, message } = stage();
  const read = new OrderedRead(api, { stream: "A", from: "last-per-subject", idle() {} });
  await read.ready;
  const first = read.next();
  heartbeat();
  message(1);
  const ended = read.cancel();
  assertEquals((await first)?.seq, 1);
  assertEquals(await read.next(), undefined);
  await ended;
});
