import { ConflictError, NotFoundError, ObjectError, objects } from "@signalbox/nats/obj";
import { assertEquals, assertRejects } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import {
  askJetStream,
  bytesOf,
  filesOn,
  infoSubject,
  readWhole,
  store,
} from "../support/objects.ts";

onEveryJetStream(
  "Objects.link() leads to an object of this bucket or of another",
  async (server) => {
    const broker = server.broker();
    const others = objects(broker, "others", { declare: "create" });
    const files = await filesOn(broker);
    await files.put("a", bytesOf(10));
    await others.put("b", bytesOf(20));
    await files.link("to a", { name: "a" });
    const made = await files.link("to b", { bucket: "others", name: "b" });
    assertEquals([made.size, made.link], [0, { bucket: "others", name: "b" }]);
    const found = await files.get("to b");
    assertEquals([found?.name, found?.bucket, await readWhole(found)], [
      "b",
      "others",
      bytesOf(20),
    ]);
    assertEquals(
      await readWhole(await files.get("to a", { range: [2, 4] })),
      bytesOf(10).slice(2, 4),
    );
    assertEquals((await files.info("to a"))?.link, { bucket: "files", name: "a" });
    await files.put("a", bytesOf(30));
    assertEquals(await readWhole(await files.get("to a")), bytesOf(30));
    assertEquals([await files.delete("to a"), await files.get("to a")], [true, undefined]);
    assertEquals(await readWhole(await files.get("a")), bytesOf(30));
  },
);

onEveryJetStream(
  "Objects.link() replaces a link or what was deleted, but no object",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    for (const name of ["a", "b", "c"]) await files.put(name, bytesOf(10));
    await files.link("l", { name: "a" });
    await files.link("l", { name: "b" });
    assertEquals((await files.get("l"))?.name, "b");
    await assertRejects(() => files.link("c", { name: "a" }), ConflictError, "no object");
    await files.delete("c");
    await files.link("c", { name: "a" });
    await files.put("l", bytesOf(5));
    assertEquals((await files.info("l"))?.link, undefined);
  },
);

onEveryJetStream(
  "Objects.link() leads nowhere else than to an object or a bucket",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    await files.put("a", bytesOf(10));
    await files.link("l", { name: "a" });
    await files.put("gone", bytesOf(10));
    await files.delete("gone");
    const kindOf = async (call: () => Promise<unknown>) =>
      (await assertRejects(call, NotFoundError)).kind;
    assertEquals(await kindOf(() => files.link("x", { name: "nothing" })), "object");
    assertEquals(await kindOf(() => files.link("x", { name: "gone" })), "object");
    assertEquals(await kindOf(() => files.link("x", { bucket: "nowhere" })), "bucket");
    assertEquals(await kindOf(() => files.link("x", { bucket: "nowhere", name: "a" })), "bucket");
    const again = await assertRejects(() => files.link("x", { name: "l" }), ObjectError);
    assertEquals(again.reason, "link");
    assertEquals(await files.info("x"), undefined);
  },
);

onEveryJetStream(
  "Objects.get() says where a link leads to nothing, and makes no bucket",
  async (server) => {
    const broker = server.broker();
    const others = objects(broker, "others", { declare: "create" });
    const files = await filesOn(broker);
    await others.put("b", bytesOf(20));
    await files.link("to b", { bucket: "others", name: "b" });
    await files.link("to others", { bucket: "others" });
    const whole = await assertRejects(() => files.get("to others"), ObjectError);
    assertEquals([whole.reason, whole.object], ["link", "to others"]);
    assertEquals((await files.info("to others"))?.link, { bucket: "others", name: undefined });
    await others.delete("b");
    const nothing = await assertRejects(() => files.get("to b"), NotFoundError, '"b" of "others"');
    assertEquals(nothing.kind, "object");
    await askJetStream(broker, "STREAM.DELETE.OBJ_others");
    assertEquals((await assertRejects(() => files.get("to b"), NotFoundError)).kind, "bucket");
    const { streams } = await askJetStream(broker, "STREAM.NAMES");
    assertEquals(streams, ["OBJ_files"]);
  },
);

onEveryJetStream(
  "Objects.get() follows no links in a circle, and none to what is no name",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    const link = (name: string, to: unknown) =>
      store(broker, infoSubject(name), { name, bucket: "files", options: { link: to } });
    await link("a", { bucket: "files", name: "b" });
    await link("b", { bucket: "files", name: "a" });
    assertEquals((await assertRejects(() => files.get("a"), ObjectError)).reason, "link");
    await link("c", { bucket: "x.>", name: "y" });
    assertEquals((await assertRejects(() => files.get("c"), ObjectError)).reason, "link");
    await link("d", { bucket: "files", name: "x".repeat(100_000) });
    assertEquals((await assertRejects(() => files.get("d"), ObjectError)).reason, "link");
  },
);
