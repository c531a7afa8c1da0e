import { NatsBroker, PermissionError } from "@signalbox/nats";
import { objects, type ObjectsOptions } from "@signalbox/nats/obj";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assertEquals, assertRejects } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { bytesOf, readWhole, streamOf } from "../support/objects.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const SHOP = { inboxPrefix: "_SHOP", logger: false } as const;
const USERS = [
  { user: "admin", options: { declare: "create" } },
  { user: "writer", options: {} },
  { user: "reader", options: { readOnly: true } },
] as const satisfies readonly { readonly user: string; readonly options: ObjectsOptions }[];

function permissionsOf(options: ObjectsOptions) {
  const broker = new NatsBroker("nats://127.0.0.1:1", SHOP);
  objects(broker, "files", options);
  return broker.permissions();
}

/** Each does what it may, and nothing that it may not. */
async function useAll(url: string): Promise<void> {
  for (const { user, options } of USERS) {
    const broker = new NatsBroker(url, { ...SHOP, auth: { user, password: "secret" } });
    const errors = recorded(broker);
    const files = objects(broker, "files", options);
    await broker.start();
    if (user !== "reader") {
      await files.put("x", streamOf(bytesOf(400_000), 50_000));
      await files.put("x", bytesOf(300_000));
      await files.link("l", { name: "x" });
      await files.put("y", bytesOf(1));
      await files.delete("y");
      const failing = streamOf(bytesOf(400_000), 50_000, (sent) => {
        if (sent > 300_000) throw new Error("no");
      });
      await assertRejects(() => files.put("z", failing), Error, "no");
      await broker.request("$O.files.C.LOST", bytesOf(10));
      assertEquals(await files.collect({ olderThan: 0 }), 10);
    }
    assertEquals(await readWhole(await files.get("l")), bytesOf(300_000));
    assertEquals((await readWhole(await files.get("x", { range: [-10] }))).length, 10);
    assertEquals((await Array.fromAsync(files.list())).length, 2);
    assertEquals((await files.info("x"))?.size, 300_000);
    assertEquals(errorsIn(errors), []);
    if (user === "reader") {
      await assertRejects(() => broker.request("$O.files.C.x", bytesOf(1)), PermissionError);
    }
    await broker.stop();
  }
}

Deno.test("permissions() of a bucket are enough, and the least [nats-server]", async () => {
  const users = USERS.map(({ user, options }) =>
    `{ user: ${user}, password: secret, ${permissionsOf(options).config} }`
  );
  const config = 'jetstream: { store_dir: "streams" }';
  const all = `${config}\nauthorization: { users: [\n${users.join("\n")}\n] }`;
  await using server = await NatsServer.start({ config: all });
  await useAll(server.url);
});

Deno.test("permissions() of a bucket are enough, and the least [embedded]", async () => {
  const users = USERS.map(({ user, options }) => {
    const { publish, subscribe } = permissionsOf(options);
    return { user, password: "secret", permissions: { publish, subscribe } };
  });
  await using server = await EmbeddedServer.start({ users: users as never });
  await useAll(server.url);
});

Deno.test("permissions() tell what a bucket needs", () => {
  assertEquals(permissionsOf({ readOnly: true, domain: "hub" }).publish, [
    "$JS.hub.API.CONSUMER.CREATE.OBJ_files.*.$O.files.C.*",
    "$JS.hub.API.CONSUMER.CREATE.OBJ_files.*.$O.files.M.*",
    "$JS.hub.API.CONSUMER.DELETE.OBJ_files.*",
    "$JS.hub.API.CONSUMER.MSG.NEXT.OBJ_files.*",
    "$JS.hub.API.STREAM.INFO.OBJ_files",
    "$JS.hub.API.STREAM.MSG.GET.OBJ_files",
  ]);
  assertEquals(permissionsOf({ declare: "update" }).publish, [
    "$JS.API.CONSUMER.CREATE.OBJ_files.*.$O.files.C.*",
    "$JS.API.CONSUMER.CREATE.OBJ_files.*.$O.files.M.*",
    "$JS.API.CONSUMER.DELETE.OBJ_files.*",
    "$JS.API.CONSUMER.MSG.NEXT.OBJ_files.*",
    "$JS.API.STREAM.CREATE.OBJ_files",
    "$JS.API.STREAM.INFO.OBJ_files",
    "$JS.API.STREAM.MSG.DELETE.OBJ_files",
    "$JS.API.STREAM.MSG.GET.OBJ_files",
    "$JS.API.STREAM.PURGE.OBJ_files",
    "$JS.API.STREAM.UPDATE.OBJ_files",
    "$O.files.C.*",
    "$O.files.M.*",
  ]);
});
