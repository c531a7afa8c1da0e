import type { RemoteError } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { drained, started } from "../support/link_ends.ts";
import { until } from "../support/nats_server/until.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { steady, within } from "../support/within.ts";

onEveryProfile("ReplyStream.readable is a Web Stream of the bodies", async (stage) => {
  const left = Promise.withResolvers<void>();
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.count.{to}", async function* ({ params }) {
      try {
        for (let n = 1; n <= Number(params.to); n++) yield n;
      } finally {
        if (params.to === "1000000") left.resolve();
      }
    });
  });
  assertEquals(await Array.fromAsync(client.requestStream("svc.count.4").readable), [1, 2, 3, 4]);
  const stream = client.requestStream("svc.count.1000000");
  const reader = stream.readable.getReader();
  assertEquals((await reader.read()).value, 1);
  await reader.cancel();
  await within("the handler must leave", left.promise);
  assertEquals(await stream.closed, "cancelled");
});

onEveryProfile("ReplyStream stops the handler while its reader stalls", async (stage) => {
  let yields = 0;
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.flood", async function* () {
      for (; yields < 400; yields++) yield yields;
    });
  });
  const stream = client.requestStream("svc.flood", null, { window: { messages: 16 } });
  // it is asked for at once, whether or not anybody reads
  await until("it must begin", () => yields > 0);
  const untouched = await steady(() => yields);
  assert(untouched >= 1 && untouched <= 16 + 4, `${untouched} before any was read`);
  const iterator = stream[Symbol.asyncIterator]();
  for (let read = 0; read < 50; read++) await iterator.next();
  const stalled = await steady(() => yields);
  assert(stalled >= 50 && stalled <= 50 + 16 + 4, `${stalled} after 50 were read`);
  assertEquals((await drained(stream)).bodies, Array.from({ length: 350 }, (_, at) => at + 50));
  assertEquals(await stream.closed, "complete");
});

onEveryProfile("ReplyStream bounds what is on its way in bytes as well", async (stage) => {
  let yields = 0;
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.flood", async function* () {
      for (; yields < 100; yields++) yield "x".repeat(10_000);
    });
  });
  const stream = client.requestStream("svc.flood", null, { window: { bytes: 100_000 } });
  await until("it must begin", () => yields > 0);
  const untouched = await steady(() => yields);
  assert(untouched >= 1 && untouched <= 10 + 4, `${untouched} before any was read`);
  assertEquals((await drained(stream)).bodies.length, 100);
});

onEveryProfile("NatsBroker.requestStream() joins parts above max_payload", async (stage) => {
  const bytes = new Uint8Array(30_000).map((_, at) => at % 251);
  const large = ["é".repeat(20_000), bytes, { list: Array.from({ length: 6_000 }, (_, n) => n) }];
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.large", async function* () {
      for (const body of large) yield* ["small", body];
    });
  });
  const { bodies } = await drained(client.requestStream("svc.large"));
  assertEquals(bodies, large.flatMap((body) => ["small", body]));
  const strict = await drained(client.requestStream("svc.large", null, { maxMessage: 10_000 }));
  assertEquals(strict.bodies, ["small"]);
  assertEquals((strict.error as RemoteError).code, 413);
}, { maxPayload: 4_096 });
