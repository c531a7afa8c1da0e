import { LinkError, type NatsBroker, TimeoutError } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { delay } from "../support/delay.ts";
import { drained, started } from "../support/link_ends.ts";
import { until } from "../support/nats_server/until.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { aborted, meanwhile, within } from "../support/within.ts";

/** A stream that goes on until its caller leaves; what it saw of that, and when. */
function endless(service: NatsBroker) {
  const signal = Promise.withResolvers<AbortSignal>();
  const left = Promise.withResolvers<number>();
  service.subscriber("svc.endless", async function* (message) {
    signal.resolve(message.signal);
    try {
      yield "first";
      await aborted(message.signal);
    } finally {
      left.resolve(performance.now());
    }
  });
  return {
    signal: signal.promise,
    left: () => within("the handler must leave", left.promise),
  };
}

onEveryProfile("ReplyStream tells both sides of its deadline", async (stage) => {
  let handler!: ReturnType<typeof endless>;
  const { client } = await started(stage, (service) => handler = endless(service));
  const began = performance.now();
  const stream = client.requestStream("svc.endless", null, { deadline: 2_200 });
  const { bodies, error } = await drained(stream);
  assertEquals(bodies, ["first"]);
  assertInstanceOf(error, TimeoutError);
  assertEquals(error.timeout, 2_200);
  assert(performance.now() - began >= 2_199);
  assertEquals(await stream.closed, "deadline");
  await handler.left();
  assert((await handler.signal).aborted);
});

onEveryProfile(
  "ReplyStream tells the handler within 100 ms that its loop was left",
  async (stage) => {
    let handler!: ReturnType<typeof endless>;
    const { client } = await started(stage, (service) => handler = endless(service));
    const stream = client.requestStream("svc.endless");
    let leaving = 0;
    for await (const { body } of stream) {
      assertEquals(body, "first");
      leaving = performance.now();
      break;
    }
    const took = await handler.left() - leaving;
    assert(took < 4_000, `${took} ms, as if by a timeout`);
    const signal = await handler.signal;
    assertEquals([signal.aborted, (signal.reason as LinkError).reason], [true, "cancelled"]);
    assertEquals(await stream.closed, "cancelled");
    assertEquals((await drained(stream)).bodies, []);
  },
);

onEveryProfile(
  "ReplyStream ends a handler that waits for room when its loop is left",
  async (stage) => {
    const left = Promise.withResolvers<number>();
    const { client } = await started(stage, (service) => {
      service.subscriber("svc.flood", async function* () {
        try {
          for (let n = 0;; n++) yield n;
        } finally {
          left.resolve(performance.now());
        }
      });
    });
    let leaving = 0;
    for await (
      const { body } of client.requestStream("svc.flood", 1, { window: { messages: 4 } })
    ) {
      if (body !== 20) continue;
      leaving = performance.now();
      break;
    }
    const took = await within("the handler must leave", left.promise) - leaving;
    assert(took < 4_000, `${took} ms, as if by a timeout`);
  },
);

onEveryProfile(
  "ReplyStream.close() tells the handler, and leaves nothing subscribed",
  async (stage) => {
    let handler!: ReturnType<typeof endless>;
    const { client } = await started(stage, (service) => handler = endless(service));
    const idle = await stage.subscriptions();
    await using stream = client.requestStream("svc.endless");
    const iterator = stream[Symbol.asyncIterator]();
    assertEquals((await iterator.next()).value?.body, "first");
    await Promise.all([stream.close(), stream.close()]);
    assertEquals(await stream.closed, "cancelled");
    await handler.left();
    await until("no inbox must be left", async () => await stage.subscriptions() <= idle);
  },
);

onEveryProfile(
  "ReplyStream throws the reason of its signal, and tells the handler",
  async (stage) => {
    let handler!: ReturnType<typeof endless>;
    const { client } = await started(stage, (service) => handler = endless(service));
    const controller = new AbortController();
    const stream = client.requestStream("svc.endless", null, { signal: controller.signal });
    const iterator = stream[Symbol.asyncIterator]();
    assertEquals((await iterator.next()).value?.body, "first");
    const rejected = meanwhile(() =>
      assertRejects(() => iterator.next(), Error, "changed my mind")
    );
    const leaving = performance.now();
    controller.abort(new Error("changed my mind"));
    await rejected;
    const took = await handler.left() - leaving;
    assert(took < 4_000, `${took} ms, as if by a timeout`);
    assertEquals(await stream.closed, "cancelled");
  },
);

for (const side of ["client", "service"] as const) {
  onEveryProfile(`NatsBroker.stop() of the ${side} ends a stream for both sides`, async (stage) => {
    let handler!: ReturnType<typeof endless>;
    const brokers = await started(stage, (service) => handler = endless(service));
    const stream = brokers.client.requestStream("svc.endless");
    const iterator = stream[Symbol.asyncIterator]();
    assertEquals((await iterator.next()).value?.body, "first");
    const rejected = meanwhile(() => assertRejects(() => iterator.next(), LinkError));
    await within("it must stop", brokers[side].stop({ timeout: 100 }));
    assertEquals((await rejected).reason, "shutting-down");
    assertEquals(await stream.closed, "shutting-down");
    await handler.left();
  });
}

for (const side of ["client", "service"] as const) {
  onEveryProfile(
    `ReplyStream ends as \`idle\` for both by the ${side}'s idleTimeout`,
    async (stage) => {
      const idle = { idleTimeout: 2_000 };
      const told = Promise.withResolvers<unknown>();
      const { client } = await started(stage, (service) => {
        const streams = side === "service" ? idle : {};
        service.subscriber("svc.silent", { streams }, async function* ({ signal }) {
          yield "first";
          told.resolve(await aborted(signal));
        });
      });
      const began = performance.now();
      const stream = client.requestStream("svc.silent", null, side === "client" ? idle : {});
      const { bodies, error } = await drained(stream);
      const took = performance.now() - began;
      assert(took >= 2_000 && took < 6_000, `${took} ms`);
      assertEquals(bodies, ["first"]);
      assertInstanceOf(error, LinkError);
      assertEquals([error.reason, await stream.closed], ["idle", "idle"]);
      const reason = await within("the handler must be told", told.promise);
      assertEquals((reason as LinkError).reason, "idle");
    },
  );

  onEveryProfile(
    `NatsBroker.stop() of the ${side} lets a stream finish in the time given`,
    async (stage) => {
      const goOn = Promise.withResolvers<void>();
      const left = Promise.withResolvers<boolean>();
      const brokers = await started(stage, (service) => {
        service.subscriber("svc.few", async function* ({ signal }) {
          yield "first";
          await goOn.promise;
          yield* ["second", "last"];
          left.resolve(signal.aborted);
        });
      });
      const stream = brokers.client.requestStream("svc.few");
      assertEquals((await stream[Symbol.asyncIterator]().next()).value?.body, "first");
      const began = performance.now();
      const stopped = brokers[side].stop({ timeout: 10_000 });
      // long enough for one that would not wait to end it
      await delay(200);
      goOn.resolve();
      assertEquals(await drained(stream), { bodies: ["second", "last"], error: undefined });
      assertEquals(await stream.closed, "complete");
      assertEquals(await within("the handler must finish", left.promise), false);
      await within("it must stop", stopped);
      assert(performance.now() - began < 5_000, "long before the timeout");
    },
  );
}
