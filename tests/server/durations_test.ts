import { type Duration, NatsBroker, RemoteError, TimeoutError } from "@signalbox/nats";
import { retry, throttle } from "@signalbox/nats/middleware";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { onEveryServer, type User } from "../support/backends.ts";

const never = () => new Promise<never>(() => {});
const SHORT = "20ms";
const ANSWERING: User = {
  user: "answering",
  password: "secret",
  permissions: {
    publish: ["$SYS.REQ.USER.INFO"],
    allowResponses: { max: 2, expires: "1.5m" },
  },
};

onEveryServer("NatsBroker takes durations as text in all its options", async (server) => {
  const broker = server.broker({
    connectTimeout: "5s",
    requestTimeout: SHORT,
    pingInterval: "1m",
    reconnect: { minDelay: "10ms", maxDelay: "1s" },
    allowResponses: { expires: "2m" },
  });
  broker.subscriber("slow", never);
  await broker.start();
  await assertRejects(() => broker.request("slow"), TimeoutError, "20 ms");
  await broker.ping({ timeout: "5s" });
  await broker.flush({ timeout: "5s" });
  await broker.stop({ timeout: "0.2s" });
});

onEveryServer(
  "NatsBroker.request() takes its timeout as text, with and without a schema",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("slow", never);
    await broker.start();
    const sendSchema = {
      "~standard": {
        version: 1 as const,
        vendor: "test",
        validate: (value: unknown) => Promise.resolve({ value }),
      },
    };
    const late = (options: object) =>
      assertRejects(() => broker.request("slow", 1, { timeout: SHORT, ...options }), TimeoutError);
    await late({});
    await late({ sendSchema });
    const publisher = broker.publisher("slow", { timeout: SHORT });
    await assertRejects(() => publisher.request(1), TimeoutError, "20 ms");
    await broker.stop({ timeout: "200ms" });
  },
);

onEveryServer(
  "Inbox, ReadSubscriber and Session take the time of next() as text",
  async (server) => {
    const broker = server.broker();
    const subscriber = broker.subscriber("work");
    broker.session("talk", async (session) => {
      await session.closed;
    });
    await broker.start();
    await using inbox = await broker.openInbox();
    await using session = await broker.openSession("talk", undefined, {
      timeout: "5s",
      keepAlive: "10s",
      resumeTimeout: "30s",
      idleTimeout: "5m",
    });
    for (const reader of [inbox, subscriber, session]) {
      await assertRejects(() => reader.next({ timeout: SHORT }), TimeoutError, "20 ms");
      await assertRejects(
        () => reader.next({ timeout: "5 minutes" as Duration }),
        TypeError,
        `"timeout" must be milliseconds from 0 to 2147483647, or text such as "30s", or Infinity: "5 minutes"`,
      );
    }
  },
);

onEveryServer(
  "NatsBroker ends inboxes, answers and streams by durations as text",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("one", () => 1);
    broker.subscriber("parts", async function* () {
      yield 1;
      await never();
    });
    await broker.start();
    const inbox = await broker.openInbox({ idleTimeout: SHORT });
    assertEquals(await inbox.closed, "idle");
    const answers = broker.requestMany("one", undefined, { stall: "50ms", timeout: "5s" });
    assertEquals((await Array.fromAsync(answers)).map(({ body }) => body), [1]);
    assertEquals(await answers.closed, "stall");
    const stream = broker.requestStream("parts", undefined, { deadline: "100ms" });
    await assertRejects(() => Array.fromAsync(stream), TimeoutError, "100 ms");
    await broker.stop({ timeout: "200ms" });
  },
);

onEveryServer("throttle() and retry() take durations as text", async (server) => {
  const broker = server.broker();
  let runs = 0;
  const twice = retry({ delay: "1ms", maxDelay: "2ms" }, () => {
    if (++runs < 2) throw new Error("not yet");
    return runs;
  });
  broker.use(throttle({ limit: 1, interval: "1h" }));
  broker.subscriber("rare", twice);
  await broker.start();
  assertEquals((await broker.request("rare")).body, 2);
  await assertRejects(() => broker.request("rare"), RemoteError, "429");
  assertThrows(
    () => throttle({ limit: 1, interval: "0s" }),
    TypeError,
    `"interval" must be more than 0 milliseconds: "0s"`,
  );
});

Deno.test("NatsBroker names the duration that it does not take, and the rule", () => {
  for (
    const [given, shown] of [["5 minutes", `"5 minutes"`], ["-1s", `"-1s"`], [1e400, "Infinity"]]
  ) {
    assertThrows(
      () => new NatsBroker("nats://127.0.0.1:4222", { requestTimeout: given as Duration }),
      TypeError,
      `"requestTimeout" must be milliseconds from 0 to 2147483647, or text such as "30s": ${shown}`,
    );
  }
});

onEveryServer(
  "EmbeddedServer takes allowResponses.expires as text, as nats-server does",
  async (server) => {
    const broker = server.broker({ as: ANSWERING });
    await broker.connect();
    const { body } = await broker.request("$SYS.REQ.USER.INFO");
    const { data } = body as { data: { permissions: { responses: unknown } } };
    assertEquals(data.permissions.responses, { max: 2, ttl: 90_000_000_000 });
    await broker.stop();
  },
  { users: [ANSWERING] },
);
