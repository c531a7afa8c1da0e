import { assert, assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { FrameClient } from "../../support/jetstream/frame_client.ts";

interface Stage {
  readonly server: EmbeddedServer;
  readonly client: FrameClient;
  /** How many messages there are. */
  messages(): Promise<number>;
}

async function onMovedTime(
  config: Record<string, unknown>,
  behaviour: (stage: Stage) => Promise<void>,
): Promise<void> {
  await using server = await EmbeddedServer.start({ listen: false, time: "moved" });
  await using client = await FrameClient.over(server.socket());
  await client.json("$JS.API.STREAM.CREATE.A", { name: "A", subjects: ["a.>"], ...config });
  const messages = async () => (await client.json("$JS.API.STREAM.INFO.A")).state.messages;
  await behaviour({ server, client, messages });
}

Deno.test("EmbeddedServer.advance() deletes messages that are older than max_age, to the millisecond", async () => {
  await onMovedTime({ max_age: 3_600_000_000_000 }, async ({ server, client, messages }) => {
    await client.ask("a.1");
    await server.advance("30m");
    await client.ask("a.1");
    await server.advance("29m");
    assertEquals(await messages(), 2);
    await server.advance("61s");
    assertEquals(await messages(), 1);
    await server.advance("30m");
    assertEquals(await messages(), 0);
  });
});

Deno.test("EmbeddedServer.advance() keeps what never expires", async () => {
  const rules = { max_age: 3_600_000_000_000, allow_msg_ttl: true };
  await onMovedTime(rules, async ({ server, client, messages }) => {
    await client.ask("a.1", { headers: { "Nats-TTL": "never" } });
    await client.ask("a.2");
    await server.advance("2h");
    assertEquals(await messages(), 1);
    await client.ask("a.3");
    await server.advance("2h");
    assertEquals(await messages(), 1);
  });
});

Deno.test("EmbeddedServer.advance() forgets ids after their window", async () => {
  await onMovedTime({ duplicate_window: 60_000_000_000 }, async ({ server, client }) => {
    const publish = async () => {
      const [answer] = await client.ask("a.1", { headers: { "Nats-Msg-Id": "one" } });
      return JSON.parse(answer!.body);
    };
    assertEquals(await publish(), { stream: "A", seq: 1 });
    await server.advance("59s");
    assertEquals(await publish(), { stream: "A", seq: 1, duplicate: true });
    await server.advance("1s");
    assertEquals(await publish(), { stream: "A", seq: 2 });
  });
});

Deno.test("EmbeddedServer.advance() abandons batches that rest for ten seconds", async () => {
  await onMovedTime({ allow_atomic: true }, async ({ server, client, messages }) => {
    const part = async (seq: number, more = {}) => {
      const batch = { "Nats-Batch-Id": "b", "Nats-Batch-Sequence": String(seq), ...more };
      const [answer] = await client.ask("a.1", { headers: batch });
      return answer!.body === "" ? "held" : JSON.parse(answer!.body).error?.err_code ?? "stored";
    };
    assertEquals(await part(1), "held");
    await server.advance("9s");
    assertEquals(await part(2), "held");
    await server.advance("9s");
    assertEquals(await part(3), "held");
    await server.advance("10s");
    assertEquals(await part(4, { "Nats-Batch-Commit": "1" }), 10_176);
    assertEquals(await messages(), 0);
  });
});

Deno.test("EmbeddedServer.advance() fires schedules by the clocks of their time zone", async () => {
  await onMovedTime({ allow_msg_schedules: true }, async ({ server, client }) => {
    const headers = {
      "Nats-Schedule": "0 30 9 * * MON-FRI",
      "Nats-Schedule-Time-Zone": "Europe/Zurich",
      "Nats-Schedule-Target": "a.report",
    };
    await client.ask("a.daily", { headers });
    await server.advance("7d");
    const { state } = await client.json("$JS.API.STREAM.INFO.A", { subjects_filter: "a.report" });
    assertEquals(state.subjects["a.report"], 5);
    const { message } = await client.json("$JS.API.STREAM.MSG.GET.A", { last_by_subj: "a.report" });
    const local = new Date(message.time).toLocaleTimeString("de-CH", { timeZone: "Europe/Zurich" });
    assert(local.startsWith("09:30:00"), local);
  });
});

Deno.test("EmbeddedServer.advance() fires a repeating schedule no more often than it is due", async () => {
  await onMovedTime({ allow_msg_schedules: true }, async ({ server, client, messages }) => {
    const headers = { "Nats-Schedule": "@every 10s", "Nats-Schedule-Target": "a.tick" };
    await client.ask("a.1", { headers });
    await server.advance("65s");
    assertEquals(await messages(), 7);
  });
});

Deno.test("EmbeddedServer.advance() copies the messages of schedules as soon as they are due", async () => {
  await onMovedTime({ allow_msg_schedules: true }, async ({ server, client }) => {
    const sources = [{ name: "A", filter_subject: "a.out" }];
    await client.json("$JS.API.STREAM.CREATE.B", { name: "B", sources });
    const headers = { "Nats-Schedule": "@every 1h", "Nats-Schedule-Target": "a.out" };
    await client.ask("a.1", { headers });
    await server.advance("59m");
    const copies = async () => (await client.json("$JS.API.STREAM.INFO.B")).state.messages;
    assertEquals(await copies(), 0);
    await server.advance("2m");
    assertEquals(await copies(), 1);
    await server.advance("24h");
    assertEquals(await copies(), 25);
  });
});

Deno.test("EmbeddedServer.advance() retries every two seconds what a copy has refused, and reports how long its origin was silent", async () => {
  await onMovedTime({}, async ({ server, client, messages }) => {
    const B = { name: "B", sources: [{ name: "A" }], max_msgs: 1, discard: "new" };
    await client.json("$JS.API.STREAM.CREATE.B", B);
    for (const body of ["1", "2"]) await client.ask("a.1", { body });
    await client.json("$JS.API.STREAM.PURGE.B");
    const source = async () => (await client.json("$JS.API.STREAM.INFO.B")).sources[0];
    await server.advance("1s");
    assertEquals((await source()).seq, 1);
    await server.advance("1s");
    assertEquals((await source()).seq, 2);
    await server.advance("1500ms");
    assertEquals((await source()).active, 500_000_000);
    assertEquals(await messages(), 2);
    await client.json("$JS.API.STREAM.DELETE.A");
    await server.advance("1h");
    assertEquals((await source()).active, 3_600_000_000_000);
  });
});
