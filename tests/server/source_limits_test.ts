import { ReplyError, TimeoutError } from "@signalbox/nats";
import { assertEquals, assertInstanceOf } from "@std/assert";
import {
  type Arrival,
  type BrokerAccess,
  type Invocation,
  type OpenSource,
  type Outcome,
  type Sink,
  source,
} from "../../src/door/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { aNumber } from "../support/schemas.ts";

/** A source whose messages a test delivers itself, and whose outcomes it sees. */
class ByHand implements OpenSource {
  readonly timeout: number | undefined;
  readonly outcomes: [unknown, Outcome][] = [];
  readonly misfits: [unknown, unknown][] = [];
  readonly settled = Promise.withResolvers<void>();
  sink!: Sink;
  invocation: Invocation | undefined;

  constructor(timeout?: number) {
    if (timeout !== undefined) this.timeout = timeout;
  }

  from(batch = false) {
    return source<{ pattern: "made.{id}"; besides: object; batch: boolean }>("hand", {
      pattern: "made.{id}",
      batch,
      needs: {},
      open: (sink: Sink, _access: BrokerAccess) => {
        this.sink = sink;
        return this;
      },
    });
  }

  ready(): void {}

  stop(): Promise<void> {
    return Promise.resolve();
  }

  admit(invocation: Invocation): void {
    this.invocation = invocation;
  }

  unfit(origin: unknown, error: unknown): void {
    this.misfits.push([origin, error]);
  }

  settle(invocation: Invocation, outcome: Outcome): void {
    this.outcomes.push([invocation.origin, outcome]);
    this.settled.resolve();
  }
}

function arrival(subject: string, body: string, rest: Partial<Arrival> = {}): Arrival {
  const data = new TextEncoder().encode(body);
  return { subject, replyTo: "", data, headerBlock: undefined, ...rest };
}

onEveryServer(
  "A source with a timeout gives a handler up: it has failed, its place is free, its signal aborts",
  async (server) => {
    const hand = new ByHand(60_000);
    const broker = server.broker();
    const seen: unknown[] = [];
    const subscriber = broker.subscriber(hand.from(), { concurrency: 1 }, (message) => {
      const { signal } = message as { readonly signal: AbortSignal };
      signal.addEventListener("abort", () => seen.push(signal.reason));
      return new Promise((_, reject) => setTimeout(() => reject(new Error("late")), 20));
    });
    await broker.start();
    const block = new TextEncoder().encode("NATS/1.0\r\nSignalbox-Time-Left: 0\r\n\r\n");
    hand.sink.take(arrival("made.1", "1", { origin: "one", headerBlock: block }));
    assertEquals(hand.sink.free, 0);
    const error = new TimeoutError("handle it", 60_000);
    hand.invocation!.giveUp(error);
    await subscriber.received();
    assertEquals([hand.sink.free, seen], [1, [error]]);
    assertEquals(hand.outcomes, [["one", { kind: "failed", error }]]);
    // what the handler still does is ignored
    await new Promise((resolve) => setTimeout(resolve, 40));
    assertEquals(hand.outcomes.length, 1);
  },
);

onEveryServer(
  "A source of batches gets what does not decode or fit, and the handler gets the others",
  async (server) => {
    const hand = new ByHand();
    const broker = server.broker();
    const seen: unknown[] = [];
    broker.subscriber(hand.from(true), { schema: aNumber }, (messages) => {
      const list = messages as unknown as { body: number; params: object; pattern: string }[];
      seen.push(list.map(({ body, params, pattern }) => [body, params, pattern]));
    });
    await broker.start();
    const json = new TextEncoder().encode("NATS/1.0\r\ncontent-type: application/json\r\n\r\n");
    hand.sink.take([
      arrival("made.1", "1", { origin: 1 }),
      arrival("made.2", "no number", { origin: 2 }),
      arrival("made.3", "{", { origin: 3, headerBlock: json }),
      arrival("made.x", "4", { origin: 4, params: { id: "4" } }),
    ]);
    await hand.settled.promise;
    assertEquals(seen, [[[1, { id: "1" }, "made.{id}"], [4, { id: "4" }, "made.{id}"]]]);
    assertEquals(hand.misfits.map(([origin]) => origin), [3, 2]);
    for (const [, error] of hand.misfits) assertInstanceOf(error, ReplyError);
    assertEquals(hand.outcomes, [[[1, 2, 3, 4], { kind: "done", value: undefined }]]);
    // with nothing left, no handler runs
    hand.sink.take([arrival("made.2", "no number", { origin: 5 })]);
    await new Promise((resolve) => setTimeout(resolve, 10));
    assertEquals([seen.length, hand.outcomes.length, hand.misfits.length], [1, 2, 3]);
  },
);

onEveryServer(
  "A source's bodies go through the codecs of the broker, in batches too",
  async (server) => {
    const type = "text/x-shout";
    const codec = {
      encode: (body: unknown) => String(body),
      decode: (data: Uint8Array) => new TextDecoder().decode(data).toUpperCase(),
    };
    for (const isBatch of [false, true]) {
      const hand = new ByHand();
      const broker = server.broker({ codecs: { [type]: codec } });
      const seen: unknown[] = [];
      broker.subscriber(hand.from(isBatch), (given) => {
        const messages = (Array.isArray(given) ? given : [given]) as { body: unknown }[];
        seen.push(...messages.map(({ body }) => body));
      });
      await broker.start();
      const headerBlock = new TextEncoder().encode(`NATS/1.0\r\ncontent-type: ${type}\r\n\r\n`);
      const one = arrival("made.1", "hello", { headerBlock });
      hand.sink.take(isBatch ? [one] : one);
      await hand.settled.promise;
      assertEquals(seen, ["HELLO"]);
    }
  },
);
