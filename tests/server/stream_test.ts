import {
  ConnectionError,
  InvalidSubjectError,
  RemoteError,
  reply,
  ValidationError,
} from "@signalbox/nats";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { drained, started } from "../support/link_ends.ts";
import { until } from "../support/nats_server/until.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { aNumber } from "../support/schemas.ts";
import { steady } from "../support/within.ts";

const MIXED = [
  "text",
  "12",
  "",
  "ünï\r\ncödé",
  12,
  { a: [1, null] },
  [],
  null,
  undefined,
  false,
  new Uint8Array([0, 255, 13, 10]),
  new Uint8Array(0),
  "last",
];

onEveryProfile(
  "NatsBroker.requestStream() gives the parts in order, each as what it was sent",
  async (stage) => {
    const { client } = await started(stage, (service) => {
      service.subscriber("svc.mixed", async function* () {
        yield* MIXED;
      });
      service.subscriber("svc.count.{to}", async function* ({ params }) {
        for (let n = 1; n <= Number(params.to); n++) yield n;
      });
    });
    const stream = client.requestStream("svc.mixed");
    assertEquals(await drained(stream), { bodies: MIXED, error: undefined });
    assertEquals(await stream.closed, "complete");
    const { bodies } = await drained(client.requestStream("svc.count.2500"));
    assertEquals(bodies, Array.from({ length: 2_500 }, (_, at) => at + 1));
  },
);

onEveryProfile(
  "NatsBroker.requestStream() sends body, headers and correlation id, and gets them with each part",
  async (stage) => {
    const { client } = await started(stage, (service) => {
      service.subscriber("svc.echo", async function* ({ body, headers, correlationId }) {
        yield reply(body, { headers: { "X-Part": "1" } });
        yield reply("", { headers: { "X-Part": "2", "X-Mine": headers.get("x-mine")! } });
        yield correlationId;
      });
    });
    const options = { headers: { "X-Mine": "yours" }, correlationId: "work-7" };
    const parts = await Array.fromAsync(client.requestStream("svc.echo", { a: 1 }, options));
    assertEquals(parts.map(({ body }) => body), [{ a: 1 }, "", "work-7"]);
    assertEquals(parts.map(({ headers }) => headers.get("x-part")), ["1", "2", undefined]);
    assertEquals(parts[1]?.headers.get("X-Mine"), "yours");
    for (const { correlationId } of parts) assertEquals(correlationId, "work-7");
  },
);

onEveryProfile(
  "NatsBroker.requestStream() checks each part with its schema, and types it",
  async (stage) => {
    const { client } = await started(stage, (service) => {
      service.subscriber("svc.ages", async function* ({ body }) {
        yield* body as unknown[];
      });
    });
    let sum = 0;
    for await (
      const { body } of client.requestStream("svc.ages", [40, 2], { schema: aNumber })
    ) sum += body;
    assertEquals(sum, 42);
    const { bodies, error } = await drained(
      client.requestStream("svc.ages", [1, "old"], { schema: aNumber }),
    );
    assertEquals(bodies, [1]);
    assertInstanceOf(error, ValidationError);
  },
);

onEveryProfile("NatsBroker.subscriber() checks each part with replySchema", async (stage) => {
  const { client } = await started(stage, (service) => {
    const prices = async function* ({ body }: { readonly body: unknown }) {
      yield* body as number[];
    };
    service.subscriber("svc.prices", { replySchema: aNumber }, prices as never);
  });
  assertEquals((await drained(client.requestStream("svc.prices", [1, 2]))).bodies, [1, 2]);
  const { bodies, error } = await drained(client.requestStream("svc.prices", [1, "dear", 3]));
  assertEquals(bodies, [1]);
  assertInstanceOf(error, RemoteError);
  assertEquals([error.code, error.description], [500, "Internal error"]);
});

onEveryProfile(
  "NatsBroker.requestStream() completes without a part, and with one of a plain handler",
  async (stage) => {
    const { client } = await started(stage, (service) => {
      service.subscriber("svc.none", async function* () {});
      service.subscriber("svc.one", ({ body }) => reply(body, { headers: { "X-One": "1" } }));
      service.subscriber("svc.later", async () => await Promise.resolve("later"));
    });
    const none = client.requestStream("svc.none");
    assertEquals(await drained(none), { bodies: [], error: undefined });
    assertEquals(await none.closed, "complete");
    const one = client.requestStream("svc.one", "only");
    const parts = await Array.fromAsync(one);
    assertEquals(parts.map(({ body, headers }) => [body, headers.get("x-one")]), [["only", "1"]]);
    assertEquals(await one.closed, "complete");
    assertEquals((await drained(client.requestStream("svc.later"))).bodies, ["later"]);
  },
);

onEveryProfile("NatsBroker.use() stands around a stream from end to end", async (stage) => {
  const order: unknown[] = [];
  const { client } = await started(stage, (service) => {
    service.use(async ({ headers }, next) => {
      if (headers.get("x-key") !== "secret") throw new RangeError("who is this?");
      order.push("before");
      try {
        return await next();
      } finally {
        order.push("after");
      }
    });
    service.subscriber("svc.parts", async function* () {
      order.push(1);
      yield 1;
      order.push(2);
      yield 2;
      order.push("done");
    });
  });
  const headers = { "X-Key": "secret" };
  assertEquals((await drained(client.requestStream("svc.parts", null, { headers }))).bodies, [
    1,
    2,
  ]);
  await until("it must be seen through", () => order.includes("after"));
  await steady(() => order.length);
  assertEquals(order, ["before", 1, 2, "done", "after"]);
  const { error } = await drained(client.requestStream("svc.parts"));
  assertEquals((error as RemoteError).code, 500);
});

onEveryProfile("NatsBroker.requestStream() throws bad input before it is sent", async (stage) => {
  const client = stage.client();
  assertThrows(() => client.requestStream("svc.a"), ConnectionError, "call connect()");
  await client.connect();
  for (const subject of ["", "a..b", "a.*", "a.>", "a b", "\ud800"]) {
    assertThrows(() => client.requestStream(subject), InvalidSubjectError, "Cannot request");
  }
  const wrong = [
    { timeout: -1 },
    { deadline: "soon" },
    { window: { messages: 0 } },
    { window: { frames: 1 } },
    { maxMessage: -1 },
    { keepAlive: 0 },
    { resumeTimeout: Infinity },
    { idleTimeout: 0 },
    { retries: 3 },
  ];
  for (const options of wrong) {
    const [name] = Object.keys((options as { window?: object }).window ?? options);
    assertThrows(() => client.requestStream("svc.a", 1, options as never), TypeError, `"${name}"`);
  }
  const signal = AbortSignal.abort(new Error("too late"));
  const late = client.requestStream("svc.a", 1, { signal });
  await assertRejects(() => Array.fromAsync(late), Error, "too late");
});
