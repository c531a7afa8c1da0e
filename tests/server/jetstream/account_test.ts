import { assertEquals } from "@std/assert";
import { onEveryServer } from "../../support/backends.ts";
import { FrameClient } from "../../support/jetstream/frame_client.ts";

onEveryServer(
  "EmbeddedServer: A stream's server tells how much was asked of its API before, and how much it refused",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    const usage = async () => {
      const { api } = await client.json("$JS.API.INFO");
      return [api.total, api.errors];
    };
    const [total] = await usage();
    assertEquals(await usage(), [total + 1, 0]);
    await client.json("$JS.API.STREAM.NAMES");
    await client.json("$JS.API.STREAM.INFO.A");
    assertEquals(await usage(), [total + 4, 1]);
    await client.json("$JS.API.STREAM.CREATE.A", { name: "A", storage: "memory" });
    const { error } = await client.json("$JS.API.STREAM.MSG.DELETE.A", { seq: 7 });
    assertEquals(error.err_code, 10_043);
    assertEquals(await usage(), [total + 7, 1]);
  },
  { jetstream: true },
);

onEveryServer(
  "EmbeddedServer: A stream's server tells what streams and consumers an account has, and its API level",
  async (backend) => {
    await using client = await FrameClient.to(backend);
    for (const [name, storage] of [["A", "memory"], ["B", "file"]] as const) {
      const config = { name, subjects: [name], storage, max_bytes: 4_096 };
      await client.json(`$JS.API.STREAM.CREATE.${name}`, config);
      await client.json(name, "x".repeat(100));
    }
    const config = { name: "c", ack_policy: "explicit" };
    await client.json("$JS.API.CONSUMER.CREATE.A.c", { stream_name: "A", config });
    const { api: { level }, limits: _, type, ...account } = await client.json("$JS.API.INFO");
    assertEquals(type, "io.nats.jetstream.api.v1.account_info_response");
    assertEquals(level, 5);
    assertEquals(account, {
      memory: 117,
      storage: 131,
      reserved_memory: 4_096,
      reserved_storage: 4_096,
      streams: 2,
      consumers: 1,
    });
    await client.json("$JS.API.STREAM.DELETE.A");
    const left = await client.json("$JS.API.INFO");
    assertEquals([left.memory, left.streams, left.consumers], [0, 1, 0]);
  },
  { jetstream: true },
);
