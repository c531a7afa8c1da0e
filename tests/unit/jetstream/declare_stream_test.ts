import { assertEquals, assertRejects } from "@std/assert";
import { register } from "../../../src/door/mod.ts";
import type { StreamConfig, StreamInfo } from "../../../src/jetstream/api/api_types.ts";
import {
  ConflictError,
  DifferenceError,
  NotFoundError,
} from "../../../src/jetstream/api/errors.ts";
import { JetStreamApi } from "../../../src/jetstream/api/js_api.ts";
import { declareStream } from "../../../src/jetstream/stream/declare_stream.ts";
import { type Backend, onEveryJetStream } from "../../support/backends.ts";

async function apiOf(server: Backend): Promise<JetStreamApi> {
  const broker = server.broker();
  const api = JetStreamApi.of(register(broker, { name: "test" }));
  await broker.start();
  return api;
}

const info = async (api: JetStreamApi) =>
  (await api.call<StreamInfo>("STREAM.INFO.OPS")).config as unknown as Record<string, unknown>;

const OPS: StreamConfig = {
  name: "OPS",
  subjects: ["ops.>"],
  storage: "memory",
  max_age: 3_600e9,
  max_msgs: 1_000,
  description: "what happens",
  allow_direct: true,
  max_msg_size: 4_096,
  duplicate_window: 30e9,
  metadata: { team: "a" },
};

onEveryJetStream("declareStream() makes what is missing, if it may", async (server) => {
  const api = await apiOf(server);
  for (const declare of ["verify", "leave"] as const) {
    await assertRejects(() => declareStream(api, OPS, declare), NotFoundError);
  }
  const both = await Promise.all([
    declareStream(api, OPS, "create"),
    declareStream(api, OPS, "update"),
  ]);
  assertEquals(both.map(({ config }) => config.max_msgs), [1_000, 1_000]);
  for (const declare of ["verify", "create", "update", "leave"] as const) {
    assertEquals((await declareStream(api, OPS, declare)).config.name, "OPS");
  }
  assertEquals(api.streams.windowOf("ops.1"), 30_000);
});

onEveryJetStream(
  "declareStream() names each field that differs, and changes nothing",
  async (server) => {
    const api = await apiOf(server);
    await declareStream(api, OPS, "create");
    const before = await info(api);
    const other = {
      name: "OPS",
      max_msgs: 5,
      storage: "file",
      subjects: ["ops.>", "more.>"],
    } as const;
    for (const declare of ["verify", "create", "update"] as const) {
      const error = await assertRejects(() => declareStream(api, other, declare), DifferenceError);
      assertEquals(error.differences, [
        { field: "max_msgs", declared: 5, found: 1_000, changeable: true },
        { field: "storage", declared: "file", found: "memory", changeable: false },
        { field: "subjects", declared: ["ops.>", "more.>"], found: ["ops.>"], changeable: true },
      ]);
    }
    const { message } = await assertRejects(
      () => declareStream(api, other, "verify"),
      DifferenceError,
    );
    assertEquals(
      message,
      'Cannot use the stream "OPS" as it must be as declared: max_msgs is 1000 and not 5, ' +
        'storage is "memory" and not "file" (unchangeable), ' +
        'subjects is ["ops.>"] and not ["ops.>","more.>"]',
    );
    assertEquals(await info(api), before);
    assertEquals((await declareStream(api, other, "leave")).config.max_msgs, 1_000);
  },
);

onEveryJetStream(
  "declareStream() updates what is named, and leaves all else as it was",
  async (server) => {
    const api = await apiOf(server);
    await declareStream(api, OPS, "create");
    const before = await info(api);
    await declareStream(api, { name: "OPS", max_msgs: 7, metadata: { b: "2" } }, "update");
    const after = await info(api);
    const own = (config: Record<string, unknown>) =>
      Object.entries(config.metadata as object).filter(([name]) => !name.startsWith("_nats."));
    assertEquals(own(after), [["b", "2"], ["team", "a"]]);
    assertEquals({ ...after, metadata: 0 }, { ...before, max_msgs: 7, metadata: 0 });
    const bare = { name: "OPS" };
    await declareStream(api, bare, "update");
    assertEquals({ ...await info(api), metadata: 0 }, { ...after, metadata: 0 });
  },
);

onEveryJetStream("declareStream() tells a stream that has the subjects already", async (server) => {
  const api = await apiOf(server);
  await declareStream(api, OPS, "create");
  const other = { name: "OTHER", subjects: ["ops.1"], storage: "memory" } as const;
  const error = await assertRejects(() => declareStream(api, other, "create"), ConflictError);
  assertEquals(error.errCode, 10_065);
});

onEveryJetStream(
  "declareStream(): many that declare one stream at once all go on",
  async (server) => {
    const api = await apiOf(server);
    const others = await Promise.all([0, 1, 2].map(() => apiOf(server)));
    const all = [api, ...others].flatMap((one) =>
      [0, 1, 2].map(() => declareStream(one, OPS, "update"))
    );
    assertEquals((await Promise.all(all)).length, 12);
  },
);
