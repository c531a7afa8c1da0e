import { objects } from "@signalbox/nats/obj";
import { assertEquals } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";

onEveryJetStream("Objects.put() stores bytes, and get() gives them back", async (server) => {
  const broker = server.broker();
  const files = objects(broker, "files", { declare: "create" });
  await broker.start();
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  const body = new Uint8Array(600_000);
  for (let at = 0; at < body.length; at += bytes.length) body.set(bytes, at);
  const info = await files.put("a.bin", body, { headers: { "content-type": "x/y" } });
  assertEquals([info.size, info.chunks, info.headers.get("Content-Type")], [600_000, 5, "x/y"]);
  const found = await files.get("a.bin");
  assertEquals(new Uint8Array(await new Response(found!.readable).arrayBuffer()), body);
  assertEquals([found!.name, found!.size, found!.revision], ["a.bin", 600_000, info.revision]);
  assertEquals(await files.get("nothing"), undefined);
});
