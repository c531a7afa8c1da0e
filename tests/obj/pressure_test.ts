import { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { heldMemory } from "../support/memory.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { recorded } from "../support/recorded.ts";
import { askJetStream, bytesOf, filesOn, streamOf } from "../support/objects.ts";
import { steady } from "../support/within.ts";

const MIB = 1_048_576;

onEveryJetStream("StoredObject.readable applies backpressure to the server", async (server) => {
  const broker = server.broker();
  const files = await filesOn(broker);
  await files.put("x", bytesOf(20 * MIB));
  await using found = (await files.get("x"))!;
  const reader = found.readable.getReader();
  await reader.read();
  let delivered = 0;
  const look = async () => {
    const { consumers } = await askJetStream(broker, "CONSUMER.LIST.OBJ_files");
    delivered = consumers[0].delivered.consumer_seq;
  };
  await until("something is delivered", async () => {
    await look();
    return delivered > 0;
  });
  const timer = setInterval(look, 10);
  const most = await steady(() => delivered);
  clearInterval(timer);
  // of 160 chunks: 2 MiB that wait, and what was read
  assert(most <= 20, `${most} chunks`);
  let read = 131_072;
  for (let part; !(part = await reader.read()).done;) read += part.value.length;
  assertEquals(read, 20 * MIB);
});

Deno.test("Objects.put() applies backpressure to its source", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  await using broker = new NatsBroker(server.url, { logger: false });
  const files = await filesOn(broker);
  let taken = 0;
  const body = streamOf(bytesOf(20 * MIB), 65_536, async (sent) => {
    taken = sent;
    if (sent === MIB) await server.suspend();
  });
  const putting = files.put("x", body);
  await until("it is suspended", () => taken >= MIB);
  assert(await steady(() => taken) <= 6 * MIB);
  server.resume();
  assertEquals((await putting).size, 20 * MIB);
});

Deno.test("Objects holds a few chunks of an object that is put or read", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  await using broker = new NatsBroker(server.url, { logger: false });
  const files = await filesOn(broker);
  const size = 192 * MIB;
  const part = bytesOf(262_144);
  let most = 0;
  const look = () => most = Math.max(most, heldMemory());
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent % (16 * MIB) === 0) look();
      if (sent >= size) return controller.close();
      controller.enqueue(part.slice());
      sent += part.length;
    },
  });
  const before = heldMemory();
  await files.put("x", body);
  const put = most - before;
  most = 0;
  let read = 0;
  for await (const { length } of (await files.get("x"))!.readable) {
    if ((read += length) % (16 * MIB) === 0) look();
  }
  assertEquals(read, size);
  const got = most - before;
  assert(put < 16 * MIB && got < 16 * MIB, `${put} and ${got} bytes`);
});

onEveryJetStream("Objects.get() answers while many objects are open and unread", async (server) => {
  const broker = server.broker();
  const types = recorded(broker);
  const files = await filesOn(broker);
  await files.put("x", bytesOf(3 * MIB));
  // some 40 MiB wait of them, and a server drops a client for which more than 64 MiB wait
  await Promise.all(Array.from({ length: 30 }, () => files.get("x")));
  await using found = (await files.get("x"))!;
  assertEquals((await new Response(found.readable).bytes()).length, 3 * MIB);
  assertEquals(types.filter(({ type }) => type === "disconnected"), []);
});
