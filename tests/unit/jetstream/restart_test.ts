import { assertEquals } from "@std/assert";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { FrameClient } from "../../support/jetstream/frame_client.ts";

Deno.test("EmbeddedServer.pause() and resume() keep streams, what is in them and what is due", async () => {
  await using server = await EmbeddedServer.start({ listen: false, time: "moved" });
  {
    await using client = await FrameClient.over(server.socket());
    const config = { name: "A", subjects: ["a.>"], allow_msg_ttl: true };
    await client.json("$JS.API.STREAM.CREATE.A", config);
    await client.ask("a.1", { body: "x", headers: { "Nats-Msg-Id": "one" } });
    await client.ask("a.2", { body: "x", headers: { "Nats-TTL": "1h" } });
  }
  server.pause();
  await server.advance("1m");
  server.resume();
  await using client = await FrameClient.over(server.socket());
  const state = async () => (await client.json("$JS.API.STREAM.INFO.A")).state;
  assertEquals((await state()).messages, 2);
  const [again] = await client.ask("a.1", { body: "x", headers: { "Nats-Msg-Id": "one" } });
  assertEquals(JSON.parse(again!.body), { stream: "A", seq: 1, duplicate: true });
  await server.advance("59m");
  assertEquals((await state()).messages, 1);
});

Deno.test("EmbeddedServer.stop() leaves no timer of a stream", async () => {
  const server = await EmbeddedServer.start();
  const client = await FrameClient.connect(server.port);
  const rules = { max_age: 3_600_000_000_000, allow_msg_schedules: true, allow_atomic: true };
  const config = { name: "A", subjects: ["a.>"], ...rules };
  await client.json("$JS.API.STREAM.CREATE.A", config);
  await client.ask("a.1", { body: "x" });
  const schedule = { "Nats-Schedule": "@every 1h", "Nats-Schedule-Target": "a.2" };
  await client.ask("a.3", { headers: schedule });
  await client.ask("a.4", { headers: { "Nats-Batch-Id": "b", "Nats-Batch-Sequence": "1" } });
  await client[Symbol.asyncDispose]();
  await server.stop();
});

Deno.test("EmbeddedServer without JetStream has nobody to answer for it", async () => {
  await using server = await EmbeddedServer.start({ jetstream: false });
  await using client = await FrameClient.connect(server.port);
  assertEquals(await client.json("$JS.API.INFO"), { status: "NATS/1.0 503" });
});
