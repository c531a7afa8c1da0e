import { LinkError, NatsBroker, RemoteError, TimeoutError } from "@signalbox/nats";
import { retry, throttle, timeout } from "@signalbox/nats/middleware";
import { EmbeddedServer, TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isSettled } from "../support/settled.ts";

const HOUR = 3_600_000;
const NOWHERE = "nats://127.0.0.1:1";

Deno.test("TestBroker.advance() has a request time out after an hour, and no sooner", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  broker.subscriber("mute", () => new Promise(() => {}));
  await using test = await TestBroker.start(broker, { time: "moved" });
  const request = broker.request("mute", undefined, { timeout: HOUR });
  await test.advance(HOUR - 1);
  assertEquals(await isSettled(request), false);
  await test.advance(1);
  const error = await assertRejects(() => request, TimeoutError);
  assertEquals(error.timeout, HOUR);
});

Deno.test("TestBroker.advance() delivers between the steps: what a handler waits for is in order on both sides", async () => {
  const seen: string[] = [];
  const [one, two] = [1, 2].map(() => new NatsBroker(NOWHERE, { logger: false }));
  two!.subscriber(
    "ask.{wait}",
    async ({ params: { wait }, signal }) => {
      seen.push(`asked ${wait}`);
      await two!.request("never", undefined, { timeout: Number(wait), signal }).catch(() => {});
      seen.push(`done ${wait}`);
      return wait;
    },
  );
  two!.subscriber("never", () => new Promise(() => {}));
  await using test = await TestBroker.start([one!, two!], { time: "moved" });
  const asked = [3_000, 1_000, 2_000].map(async (wait) => {
    const { body } = await one!.request(`ask.${wait}`, undefined, { timeout: HOUR });
    seen.push(`answered ${body}`);
  });
  await test.advance("10s");
  await Promise.all(asked);
  assertEquals(seen, [
    ...[3_000, 1_000, 2_000].map((wait) => `asked ${wait}`),
    ...[1_000, 2_000, 3_000].flatMap((wait) => [`done ${wait}`, `answered ${wait}`]),
  ]);
});

Deno.test("TestBroker.advance() lets retry() wait as long as it would, in milliseconds", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  let runs = 0;
  broker.subscriber(
    "busy",
    retry({ attempts: 4, delay: HOUR, maxDelay: 4 * HOUR }, () => {
      if (++runs < 4) throw new Error("busy");
      return runs;
    }),
  );
  await using test = await TestBroker.start(broker, { time: "moved" });
  const request = broker.request("busy", undefined, { timeout: 24 * HOUR });
  await test.advance(0);
  assertEquals(runs, 1);
  // three waits of random length: at most an hour, two and four
  await test.advance("7h");
  assertEquals([(await request).body, runs], [4, 4]);
});

Deno.test("TestBroker.advance() fills the buckets of throttle()", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  const twice = throttle({ limit: 2, interval: HOUR });
  broker.subscriber("often", (message) => twice(message, () => Promise.resolve("ok")));
  await using test = await TestBroker.start(broker, { time: "moved" });
  const ask = () => broker.request("often").then(() => "ok", ({ code }: RemoteError) => code);
  assertEquals([await ask(), await ask(), await ask()], ["ok", "ok", 429]);
  await test.advance("29m");
  assertEquals(await ask(), 429);
  await test.advance("1m");
  assertEquals([await ask(), await ask()], ["ok", 429]);
  await test.advance("1d");
  assertEquals([await ask(), await ask(), await ask()], ["ok", "ok", 429]);
});

Deno.test("TestBroker.advance() has timeout() answer with 504 in time", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  const soon = timeout(60_000);
  broker.subscriber("slow", (message) => soon(message, () => new Promise(() => {})));
  await using test = await TestBroker.start(broker, { time: "moved" });
  const request = broker.request("slow", undefined, { timeout: HOUR });
  await test.advance(59_999);
  assertEquals(await isSettled(request), false);
  await test.advance(1);
  await assertRejects(() => request, RemoteError, "504 No reply within 60000 ms");
});

Deno.test("TestBroker.advance() lets a deadline travel: what the caller has left is what the handler has", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  const left: (string | undefined)[] = [];
  broker.subscriber("outer", async () => {
    await broker.request("wait", undefined, { timeout: 60_000 }).catch(() => {});
    return await broker.request("inner", undefined, { timeout: 24 * HOUR }).then(({ body }) =>
      body
    );
  });
  broker.subscriber("wait", () => new Promise(() => {}));
  broker.subscriber("inner", ({ headers }) => void left.push(headers.get("Signalbox-Time-Left")));
  await using test = await TestBroker.start(broker, { time: "moved" });
  const request = broker.request("outer", undefined, { timeout: HOUR });
  await test.advance("1m");
  await request;
  assertEquals(left, [`${HOUR - 60_000}`]);
});

Deno.test("TestBroker.advance() keeps a session alive for a day, and ends one that is idle", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  broker.session("chat", async (session) => {
    for await (const { body } of session) await session.send(`got ${body}`);
  });
  await using test = await TestBroker.start(broker, { time: "moved" });
  const session = await broker.openSession("chat");
  await test.advance("6h");
  assertEquals(session.state, "open");
  await session.send("a");
  assertEquals((await session.next())?.body, "got a");
  const idle = await broker.openSession("chat", undefined, { idleTimeout: HOUR });
  const reading = idle.next();
  await test.advance("59m");
  assertEquals(await isSettled(reading), false);
  await test.advance("2m");
  const error = await assertRejects(() => reading, LinkError);
  assertEquals(error.reason, "idle");
  await session.end();
});

Deno.test("TestBroker.advance() ends a session whose peer has gone after its resumeTimeout, and no sooner", async () => {
  const users = ["one", "two"].map((user) => ({ user, password: "secret" }));
  const [one, two] = users.map((user) => new NatsBroker(NOWHERE, { logger: false, auth: user }));
  two!.session("chat", async (session) => {
    for await (const _ of session);
  });
  await using test = await TestBroker.start([one!, two!], { time: "moved", users });
  const session = await one!.openSession("chat", undefined, { resumeTimeout: HOUR });
  const sent = session.send("a");
  await test.advance("1s");
  await sent;
  test.server.update({ users: users.slice(0, 1) });
  await test.advance("59m");
  assertEquals([session.state, await isSettled(session.closed)], ["paused", false]);
  await test.advance("2m");
  assertEquals(await session.closed, "peer-gone");
});

Deno.test("TestBroker.advance() moves the uptime that $SRV.STATS tells", async () => {
  const service = { name: "shop", version: "1.0.0" };
  const broker = new NatsBroker(NOWHERE, { logger: false, service });
  broker.subscriber("buy", async () => {
    await broker.request("mute", undefined, { timeout: 60_000 }).catch(() => {});
  });
  broker.subscriber("mute", () => new Promise(() => {}));
  await using test = await TestBroker.start(broker, { time: "moved" });
  const bought = broker.request("buy", undefined, { timeout: HOUR });
  await test.advance("1m");
  await bought;
  const { body } = await broker.request<{ endpoints: { name: string; processing_time: number }[] }>(
    "$SRV.STATS.shop",
  );
  const buy = body.endpoints.find(({ name }) => name === "buy");
  assertEquals(buy?.processing_time, 60_000 * 1e6);
});

Deno.test("TestBroker.advance() moves its own brokers alone: others in the process go by theirs", async () => {
  const [moved, other, real] = [1, 2, 3].map(() => new NatsBroker(NOWHERE, { logger: false }));
  for (const broker of [moved!, other!, real!]) {
    broker.subscriber("mute", () => new Promise(() => {}));
  }
  await using test = await TestBroker.start(moved!, { time: "moved" });
  await using second = await TestBroker.start(other!, { time: "moved" });
  await using _real = await TestBroker.start(real!);
  const ask = (broker: NatsBroker, milliseconds: number) =>
    broker.request("mute", undefined, { timeout: milliseconds }).catch((error) => error);
  const [a, b, c] = [ask(moved!, HOUR), ask(other!, HOUR), ask(real!, HOUR)];
  await test.advance("2h");
  assert(await a instanceof TimeoutError);
  assertEquals([await isSettled(b), await isSettled(c)], [false, false]);
  assert(await ask(real!, 20) instanceof TimeoutError);
  await second.advance("2h");
  assert(await b instanceof TimeoutError);
  assertEquals(await isSettled(c), false);
  await real!.stop({ timeout: 0 });
  await c;
});

Deno.test("TestBroker.advance() refuses what is no duration, and moves nothing", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  await using test = await TestBroker.start(broker, { time: "moved" });
  const advance = test.advance.bind(test) as (duration: unknown) => Promise<void>;
  for (const wrong of [-1, NaN, Infinity, "1 h", "-1h", "soon", "", null, undefined, {}, 5n]) {
    const error = await assertRejects(() => advance(wrong), TypeError);
    assertEquals(error.message.startsWith("Cannot advance the time as a duration must be"), true);
  }
});

Deno.test("TestBroker.advance() refuses to move real time", async () => {
  await using test = await TestBroker.start(new NatsBroker(NOWHERE, { logger: false }));
  const message = 'the server must be started with { time: "moved" }';
  await assertRejects(() => test.advance("1h"), TypeError, message);
  await using server = await EmbeddedServer.start({ listen: false });
  await assertRejects(() => server.advance("1h"), TypeError, message);
});

Deno.test("EmbeddedServer.start() moves no time of clients that come through sockets", async () => {
  await assertRejects(() => EmbeddedServer.start({ time: "moved" }), TypeError, "`listen: false`");
  const wrong = { time: "fast", listen: false } as unknown as { time: "moved" };
  await assertRejects(() => EmbeddedServer.start(wrong), TypeError, '"real" or "moved"');
});

Deno.test("TestBroker.advance() has a broker come back after its delays, and send what was held", async () => {
  const broker = new NatsBroker(NOWHERE, {
    logger: false,
    reconnect: { minDelay: 10 * 60_000, maxDelay: HOUR },
  });
  const got: unknown[] = [];
  broker.subscriber("held", ({ body }) => void got.push(body));
  await using test = await TestBroker.start(broker, { time: "moved" });
  test.server.pause();
  await test.advance(0);
  for (const body of [1, 2, 3]) await broker.publish("held", body);
  const late = assertRejects(() => broker.request("held", 4, { timeout: HOUR }), TimeoutError);
  const request = broker.request("held", 5, { timeout: 24 * HOUR });
  await test.advance("2h");
  await late;
  test.server.resume();
  assertEquals(got, []);
  await test.advance("3h");
  assertEquals(got, [1, 2, 3, 5]);
  assertEquals((await request).body, undefined);
});

Deno.test("TestBroker.advance() has a request that waited for the connection tell how much time is left", async () => {
  const broker = new NatsBroker(NOWHERE, {
    logger: false,
    reconnect: { minDelay: 60_000, maxDelay: 60_000 },
  });
  let left = "";
  broker.subscriber("ask", ({ headers }) => void (left = headers.get("Signalbox-Time-Left") ?? ""));
  await using test = await TestBroker.start(broker, { time: "moved" });
  test.server.pause();
  await test.advance(0);
  const request = broker.request("ask", undefined, { timeout: 2 * HOUR });
  await test.advance("1h");
  test.server.resume();
  await test.advance("2m");
  await request;
  // it came back within its longest delay
  assert(Number(left) <= HOUR && Number(left) >= HOUR - 60_000, left);
});

Deno.test("TestBroker.advance() delivers what is larger than a socket takes at once before it goes on", async () => {
  const broker = new NatsBroker(NOWHERE, { logger: false });
  const seen: number[] = [];
  const large = new Uint8Array(200_000);
  broker.subscriber("large", ({ body }) => void seen.push((body as Uint8Array).length));
  broker.subscriber("slow", () => new Promise(() => {}));
  await using test = await TestBroker.start(broker, { time: "moved" });
  const slow = broker.request("slow", undefined, { timeout: 1_000 }).catch(async () => {
    await Promise.all(Array.from({ length: 10 }, () => broker.publish("large", large)));
  });
  const next = broker.request("slow", undefined, { timeout: 1_001 }).catch(() => seen.push(0));
  await test.advance("2s");
  await Promise.all([slow, next]);
  assertEquals(seen, [...Array.from({ length: 10 }, () => large.length), 0]);
});
