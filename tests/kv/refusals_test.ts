import { jetstream, JetStreamError, LimitError, stream } from "@signalbox/nats/jetstream";
import { kv } from "@signalbox/nats/kv";
import { objects } from "@signalbox/nats/obj";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";

onEveryJetStream(
  "Bucket methods name what they did in the errors of the server",
  async (server) => {
    const broker = server.broker();
    const small = kv<string>(broker, "small", { declare: "create", maxValueSize: 128 });
    await broker.start();
    const value = "x".repeat(200);
    const error = await assertRejects(() => small.put("a", value), LimitError);
    assertStringIncludes(error.message, 'Cannot put "a" as it must stay within the limits');
  },
);

onEveryJetStream(
  "A stream that has the name of a bucket's and takes no keys is told",
  async (server) => {
    const other = stream("KV_other", { subjects: ["other.>"], declare: "create" });
    const broker = server.broker();
    jetstream(broker, { streams: [other] });
    await broker.start();
    for (const declare of ["verify", "create", "update", "leave"] as const) {
      const rule = 'its stream must take its keys, "$KV.other.>": it takes "other.>"';
      const user = server.broker();
      const used = kv(user, "other", { declare });
      await assertRejects(() => user.start().then(() => used.get("a")), JetStreamError, rule);
    }
  },
);

onEveryJetStream(
  'maxBytes and maxValueSize of a bucket are given up by "update" and Infinity',
  async (server) => {
    const [first, second] = [server.broker(), server.broker()];
    kv(first, "wide", { declare: "create", maxBytes: 1_000, maxValueSize: 100 });
    objects(first, "wide", { declare: "create", maxBytes: 1_000 });
    await first.start();
    kv(second, "wide", { declare: "update", maxBytes: Infinity, maxValueSize: Infinity });
    objects(second, "wide", { declare: "update", maxBytes: Infinity });
    await second.start();
    const js = jetstream(second);
    const { max_bytes: bytes, max_msg_size: size } = (await js.info("KV_wide")).config;
    assertEquals([bytes, size, (await js.info("OBJ_wide")).config.max_bytes], [-1, -1, -1]);
  },
);
