import { NatsBroker } from "@signalbox/nats";
import { objects } from "@signalbox/nats/obj";
import { assertEquals } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { bytesOf, readWhole, streamOf } from "../support/objects.ts";

Deno.test("objects() of a domain are put and read by its own API", async () => {
  const config = 'jetstream: { store_dir: "streams", domain: "hub" }';
  await using server = await NatsServer.start({ config });
  await using broker = new NatsBroker(server.url, { logger: false });
  const files = objects(broker, "files", { declare: "create", domain: "hub" });
  await broker.start();
  await files.put("x", streamOf(bytesOf(400_000), 30_000));
  assertEquals(
    await readWhole(await files.get("x", { range: [200_000] })),
    bytesOf(400_000).slice(200_000),
  );
  assertEquals((await Array.fromAsync(files.list())).map(({ name }) => name), ["x"]);
  assertEquals([await files.delete("x"), await files.collect({ olderThan: 0 })], [true, 0]);
  const [door] = broker.describe().doors.filter(({ name }) => name.startsWith("objects"));
  assertEquals(door?.name, 'objects "files" of the domain "hub"');
});
