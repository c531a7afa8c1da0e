import { assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { type Frame, FrameClient } from "../../support/jetstream/frame_client.ts";

const SECOND = 1_000_000_000;

interface Stage {
  readonly server: EmbeddedServer;
  readonly client: FrameClient;
  /** Makes a consumer. */
  consumer(name: string, config?: object): Promise<void>;
  /** Asks it for messages. */
  ask(name: string, request: object): Promise<void>;
  /** What has come since, in short: bodies, statuses, and where it is acknowledged. */
  heard(): Promise<string[]>;
  info(name: string): Promise<Record<string, unknown>>;
}

async function onMovedTime(behaviour: (stage: Stage) => Promise<void>): Promise<void> {
  await using server = await EmbeddedServer.start({ listen: false, time: "moved" });
  await using client = await FrameClient.over(server.socket());
  await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a.>"] });
  const sid = await client.subscribe("p");
  await behaviour({
    server,
    client,
    consumer: async (name, config) => {
      const { error } = await client.createConsumer(name, config);
      assertEquals(error, undefined);
    },
    ask: async (name, request) => {
      const subject = `$JS.API.CONSUMER.MSG.NEXT.A.${name}`;
      await client.publish(subject, { body: JSON.stringify(request), reply: "p" });
      await client.flush();
    },
    heard: async () => {
      await client.flush();
      return (await client.take((frame) => frame.sid === sid, 100, 0)).map(inShort);
    },
    info: (name) => client.json(`$JS.API.CONSUMER.INFO.A.${name}`),
  });
}

function inShort({ reply, headers, body }: Frame): string {
  if (reply === "") return headers.split("\r\n")[0]!.replace("NATS/1.0 ", "");
  return `${body} ${reply.split(".").slice(4, 5)}`;
}

Deno.test("EmbeddedServer.advance() delivers again what was not acknowledged within ack_wait", async () => {
  await onMovedTime(async ({ server, client, consumer, ask, heard }) => {
    await client.ask("a.1", { body: "x" });
    await consumer("c", { ack_wait: 30 * SECOND, max_deliver: 2 });
    await ask("c", { batch: 5, expires: 300 * SECOND });
    assertEquals(await heard(), ["x 1"]);
    await server.advance("29s");
    assertEquals(await heard(), []);
    await server.advance("1s");
    assertEquals(await heard(), ["x 2"]);
    await server.advance("10m");
    assertEquals(await heard(), ["408 Request Timeout"]);
  });
});

Deno.test("EmbeddedServer.advance() delivers later and later as backoff says", async () => {
  await onMovedTime(async ({ server, client, consumer, ask, heard }) => {
    await client.ask("a.1", { body: "x" });
    const backoff = [10, 60, 3_600].map((seconds) => seconds * SECOND);
    await consumer("c", { backoff, max_deliver: 10 });
    await ask("c", { batch: 9, expires: 86_400 * SECOND });
    for (const wait of ["10s", "60s", "1h", "1h"] as const) {
      assertEquals((await heard()).length, 1, `before ${wait}`);
      await server.advance("9s");
      assertEquals(await heard(), []);
      await server.advance(wait);
    }
  });
});

Deno.test("EmbeddedServer.advance() brings back a message when its delay is over, and not while it is worked on", async () => {
  await onMovedTime(async ({ server, client, consumer, ask, heard, info }) => {
    await client.ask("a.1", { body: "x" });
    await consumer("c", { ack_wait: 30 * SECOND });
    await ask("c", { batch: 5, expires: 600 * SECOND });
    assertEquals(await heard(), ["x 1"]);
    await client.publish("$JS.ACK.A.c.1.1.1.1.0", { body: `-NAK {"delay":${45 * SECOND}}` });
    await client.flush();
    await server.advance("44s");
    assertEquals(await heard(), []);
    await server.advance("2s");
    assertEquals(await heard(), ["x 2"]);
    for (let i = 0; i < 3; i++) {
      await server.advance("25s");
      await client.publish("$JS.ACK.A.c.2.1.2.1.0", { body: "+WPI" });
      await client.flush();
    }
    assertEquals(await heard(), []);
    await client.ask("$JS.ACK.A.c.2.1.2.1.0");
    await server.advance("5m");
    assertEquals(await heard(), []);
    assertEquals((await info("c")).num_ack_pending, 0);
  });
});

Deno.test("EmbeddedServer.advance() ends requests, and tells them before that they still wait", async () => {
  await onMovedTime(async ({ server, consumer, ask, heard, info }) => {
    await consumer("c");
    await ask("c", { batch: 1, expires: 60 * SECOND, idle_heartbeat: 25 * SECOND });
    await server.advance("59s");
    assertEquals(await heard(), ["100 Idle Heartbeat", "100 Idle Heartbeat"]);
    assertEquals((await info("c")).num_waiting, 1);
    await server.advance("1s");
    assertEquals(await heard(), ["408 Request Timeout"]);
    assertEquals((await info("c")).num_waiting, 0);
  });
});

Deno.test("EmbeddedServer.advance() goes on after a pause", async () => {
  await onMovedTime(async ({ server, client, consumer, ask, heard }) => {
    await client.ask("a.1", { body: "x" });
    const created = await client.json("$JS.API.STREAM.INFO.A");
    const until = new Date(Date.parse(created.ts) + 3_600_000).toISOString();
    await consumer("c", { pause_until: until });
    await ask("c", { batch: 1, expires: 7_200 * SECOND });
    await server.advance("59m");
    assertEquals(await heard(), []);
    await server.advance("61s");
    assertEquals(await heard(), ["x 1"]);
  });
});

Deno.test("EmbeddedServer.advance() ends consumers that nobody uses, and no others", async () => {
  await onMovedTime(async ({ server, client, consumer, ask, info }) => {
    await client.json("$JS.API.CONSUMER.CREATE.A.short", { stream_name: "A", config: {} });
    await consumer("kept");
    await consumer("long", { inactive_threshold: 3_600 * SECOND });
    await server.advance("4s");
    assertEquals((await info("short")).name, "short");
    await server.advance("3s");
    assertEquals((await info("short")).error, {
      code: 404,
      err_code: 10_014,
      description: "consumer not found",
    });
    await server.advance("30m");
    await ask("long", { no_wait: true });
    await server.advance("45m");
    assertEquals((await info("long")).name, "long");
    await server.advance("16m");
    assertEquals((await info("long")).name, undefined);
    assertEquals((await info("kept")).name, "kept");
  });
});

Deno.test("EmbeddedServer.advance() ends a consumer that pushes to nobody exactly when it was said", async () => {
  await onMovedTime(async ({ server, client, info }) => {
    const config = { name: "push", deliver_subject: "gone", inactive_threshold: 50_000_000 };
    const sid = await client.subscribe("gone");
    await client.json("$JS.API.CONSUMER.CREATE.A.push", { stream_name: "A", config });
    await server.advance("1m");
    assertEquals((await info("push")).name, "push");
    await client.unsubscribe(sid);
    await client.flush();
    await server.advance("49ms");
    assertEquals((await info("push")).name, "push");
    await server.advance("2ms");
    assertEquals((await info("push")).name, undefined);
  });
});

Deno.test("EmbeddedServer.advance() pins another client where the pinned one does not ask any more", async () => {
  await onMovedTime(async ({ server, client, consumer, ask, heard }) => {
    const pinned = { priority_policy: "pinned_client", priority_groups: ["g"] };
    await consumer("c", { ...pinned, priority_timeout: 60 * SECOND, ack_wait: 3_600 * SECOND });
    await client.ask("a.1", { body: "x" });
    await ask("c", { batch: 1, group: "g" });
    assertEquals(await heard(), ["x 1"]);
    await client.ask("a.1", { body: "y" });
    await ask("c", { batch: 1, group: "g", expires: 600 * SECOND });
    await server.advance("59s");
    assertEquals(await heard(), []);
    await server.advance("2s");
    assertEquals(await heard(), ["y 1"]);
  });
});

Deno.test("EmbeddedServer.pause() and resume() keep consumers, and what is open", async () => {
  await onMovedTime(async ({ server, client, consumer, ask, heard }) => {
    await client.ask("a.1", { body: "x" });
    await consumer("c", { ack_wait: 60 * SECOND });
    await ask("c", { batch: 1 });
    assertEquals(await heard(), ["x 1"]);
    server.pause();
    await server.advance("30s");
    server.resume();
    await using other = await FrameClient.over(server.socket());
    const { num_ack_pending } = await other.json("$JS.API.CONSUMER.INFO.A.c");
    assertEquals(num_ack_pending, 1);
    await server.advance("31s");
    const sid = await other.subscribe("q");
    await other.publish("$JS.API.CONSUMER.MSG.NEXT.A.c", { reply: "q" });
    const [again] = await other.take((frame) => frame.sid === sid, 1, 20_000);
    assertEquals(inShort(again!), "x 2");
  });
});

Deno.test("EmbeddedServer.stop() leaves no timer of a consumer", async () => {
  const server = await EmbeddedServer.start();
  const client = await FrameClient.connect(server.port);
  await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a.>"] });
  await client.ask("a.1");
  await client.subscribe("d");
  const push = { deliver_subject: "d", idle_heartbeat: SECOND, flow_control: true };
  for (const config of [push, { pause_until: "2100-01-01T00:00:00Z" }, {}]) {
    const said = { ack_policy: "explicit", ...config };
    await client.json("$JS.API.CONSUMER.CREATE.A", { stream_name: "A", config: said });
  }
  const { consumers } = await client.json("$JS.API.CONSUMER.NAMES.A");
  for (const name of consumers) {
    const body = JSON.stringify({ batch: 2, expires: 60 * SECOND, idle_heartbeat: SECOND });
    await client.publish(`$JS.API.CONSUMER.MSG.NEXT.A.${name}`, { body, reply: client.inbox() });
  }
  await client.flush();
  await client[Symbol.asyncDispose]();
  await server.stop();
});
