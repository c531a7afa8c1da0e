import { NoRespondersError, RemoteError, ReplyError, TimeoutError } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { drained, started } from "../support/link_ends.ts";
import { until } from "../support/nats_server/until.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { aborted, within } from "../support/within.ts";

onEveryProfile("ReplyStream throws the handler's error, typed, after its parts", async (stage) => {
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.rows.{count}", async function* ({ params }) {
      for (let row = 0; row < Number(params.count); row++) yield row;
      throw new ReplyError(422, "No such column", { column: "age" });
    });
  });
  for (const count of [0, 1, 3, 2_000]) {
    const stream = client.requestStream(`svc.rows.${count}`);
    const { bodies, error } = await drained(stream);
    assertEquals(bodies, Array.from({ length: count }, (_, row) => row));
    assertInstanceOf(error, RemoteError);
    assertEquals(
      [error.code, error.description, error.data, error.subject],
      [422, "No such column", { column: "age" }, `svc.rows.${count}`],
    );
    assertEquals(await stream.closed, "error");
  }
});

onEveryProfile("ReplyStream says no more of an exception than 500", async (stage) => {
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.early", () => Promise.reject(new Error("secret")));
    service.subscriber("svc.late", async function* () {
      yield "part";
      throw new Error("secret");
    });
    service.subscriber("svc.odd", async function* () {
      yield "part";
      yield 1n;
    });
  });
  for (const [subject, parts] of Object.entries({ "svc.early": [], "svc.late": ["part"] })) {
    const { bodies, error } = await drained(client.requestStream(subject));
    assertEquals(bodies, parts);
    assertInstanceOf(error, RemoteError);
    assertEquals([error.code, error.description], [500, "Internal error"]);
    assert(!JSON.stringify(error.data).includes("secret"));
  }
  const odd = await drained(client.requestStream("svc.odd"));
  assertEquals([odd.bodies, (odd.error as RemoteError).code], [["part"], 500]);
});

onEveryProfile("ReplyStream throws at once where nobody listens", async (stage) => {
  const client = stage.client();
  await client.connect();
  const began = performance.now();
  const stream = client.requestStream("svc.nobody");
  const error = await assertRejects(() => Array.fromAsync(stream), NoRespondersError);
  assertEquals(error.subject, "svc.nobody");
  await within("it must say that it has ended", stream.closed);
  assert(performance.now() - began < 4_000, "long before the timeout of 5 s");
});

onEveryProfile("ReplyStream throws at its timeout if nobody begins", async (stage) => {
  const [client, silent] = [stage.client(), await stage.plain("service")];
  silent.subscribe("svc.silence", { callback() {} });
  await silent.flush();
  await client.connect();
  const began = performance.now();
  const stream = client.requestStream("svc.silence", null, { timeout: 80 });
  const error = await assertRejects(() => Array.fromAsync(stream), TimeoutError);
  assertEquals([error.timeout, error.subject], [80, "svc.silence"]);
  const took = performance.now() - began;
  assert(took >= 79 && took < 4_000, `${took}`);
  await within("it must say that it has ended", stream.closed);
});

onEveryProfile("ReplyStream outlives its timeout once it has begun", async (stage) => {
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.slow", async function* () {
      for (let n = 0; n < 6; n++) {
        yield n;
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
    });
  });
  const { bodies, error } = await drained(client.requestStream("svc.slow", 1, { timeout: 2_000 }));
  assertEquals([bodies, error], [[0, 1, 2, 3, 4, 5], undefined]);
});

onEveryProfile("ReplyStream.closed resolves though nobody reads", async (stage) => {
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.few", async function* () {
      yield* [1, 2, 3];
    });
  });
  const stream = client.requestStream("svc.few");
  assertEquals(await within("it must end", stream.closed), "complete");
  assertEquals((await drained(stream)).bodies, [1, 2, 3]);
});

onEveryProfile("SubscriberOptions.maxStreams has one stream too many told 429", async (stage) => {
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.endless", { maxStreams: 2 }, async function* ({ signal }) {
      yield "first";
      await aborted(signal);
    });
  });
  const open = [1, 2].map(() => client.requestStream("svc.endless"));
  const iterators = open.map((stream) => stream[Symbol.asyncIterator]());
  for (const iterator of iterators) assertEquals((await iterator.next()).value?.body, "first");
  const { error } = await drained(client.requestStream("svc.endless"));
  assertInstanceOf(error, RemoteError);
  assertEquals(error.code, 429);
  await open[0]!.close();
  await until("there must be room again", async () => {
    await using stream = client.requestStream("svc.endless");
    const first = stream[Symbol.asyncIterator]().next();
    return await first.then(({ value }) => value?.body === "first", () => false);
  });
});

onEveryProfile(
  "SubscriberOptions.streams.openingRate has what comes too fast told 429",
  async (stage) => {
    const { client, service } = await started(stage, (service) => {
      service.subscriber("svc.slow", { streams: { openingRate: 3 } }, async function* () {
        yield "part";
      });
    });
    const streams = Array.from({ length: 12 }, () => drained(client.requestStream("svc.slow")));
    const told = await Promise.all(streams);
    const refused = told.filter(({ error }) => error !== undefined);
    // a machine that is slow may have let another second begin
    assert(refused.length >= 5 && refused.length <= 9, `${refused.length} were refused`);
    for (const { bodies, error } of refused) {
      assertInstanceOf(error, RemoteError);
      assertEquals([bodies, error.code], [[], 429]);
      const { retryAfter } = error.data as { retryAfter: number };
      assert(retryAfter > 0 && retryAfter <= 1_000, `${retryAfter} ms`);
    }
    const handler = async function* () {};
    for (const openingRate of [0, -1, 1.5, "3"]) {
      const streams = { openingRate } as { openingRate: number };
      const wrong = () => service.subscriber("svc.wrong", { streams }, handler);
      assertThrows(wrong, TypeError, '"openingRate"');
    }
  },
);
