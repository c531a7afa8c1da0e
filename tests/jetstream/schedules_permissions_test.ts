import { NatsBroker, PermissionError } from "@signalbox/nats";
import { jetstream, stream } from "@signalbox/nats/jetstream";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assertEquals, assertRejects } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const password = "secret";

/** What an application does with schedules of a stream, and with one that it has not declared. */
function application(broker: NatsBroker) {
  const mails = stream("MAILS", {
    subjects: ["mails.{user}"],
    allowMsgSchedules: true,
    allowAtomic: true,
    declare: "create",
  });
  const js = jetstream(broker, { streams: [mails] });
  const sent = js.publisher("mails.{user}", { stream: mails });
  return async () => {
    const soon = await js.schedule("mails.a", { in: "300ms" }, 1, { name: "soon" });
    assertEquals(await soon.cancel(), true);
    await js.schedule("mails.a", { every: "1s" }, 1, { name: "a" });
    await js.schedule("mails.a", { in: "1h" }, 2, { name: "a", replace: true });
    await js.batch([["mails.b", 1], ["mails.b", 2, { schedule: { in: "1h" }, name: "b" }]]);
    await sent.publish({ user: "c" }, 1);
    for await (const job of js.schedules(mails)) assertEquals(await job.cancel(), true);
    assertEquals(await js.scheduled(mails, "a"), undefined);
    const other = await js.schedule("others.a", { in: "1h" }, 1);
    assertEquals([other.stream, await other.cancel()], ["OTHERS", true]);
  };
}

/** What the application of this broker needs; found by running it where all is permitted. */
async function needs(): Promise<ReturnType<NatsBroker["permissions"]>> {
  await using server = await EmbeddedServer.start({ jetstream: true });
  await prepare(server.url);
  const broker = new NatsBroker(server.url, { inboxPrefix: "_SHOP", logger: false });
  const run = application(broker);
  await broker.start();
  await run();
  const permissions = broker.permissions();
  await broker.stop();
  return permissions;
}

async function prepare(url: string): Promise<void> {
  const admin = new NatsBroker(url, { auth: { user: "admin", password }, logger: false });
  const subjects = ["others.{id}"];
  const streams = [
    stream("OTHERS", { subjects, allowMsgSchedules: true, declare: "create" }),
  ];
  jetstream(admin, { streams });
  await admin.start();
  await admin.stop();
}

Deno.test("permissions() has what was scheduled, listed and cancelled so far", async () => {
  const { publish } = await needs();
  assertEquals(publish, [
    "$JS.API.CONSUMER.CREATE.MAILS.*._SIGNALBOX.MAILS.schedule.*",
    "$JS.API.CONSUMER.DELETE.MAILS.*",
    "$JS.API.CONSUMER.MSG.NEXT.MAILS.*",
    "$JS.API.STREAM.CREATE.MAILS",
    "$JS.API.STREAM.INFO.MAILS",
    "$JS.API.STREAM.INFO.OTHERS",
    "$JS.API.STREAM.MSG.GET.MAILS",
    "$JS.API.STREAM.MSG.GET.OTHERS",
    "$JS.API.STREAM.NAMES",
    "_SIGNALBOX.MAILS.probe.*",
    "_SIGNALBOX.MAILS.schedule.*",
    "_SIGNALBOX.OTHERS.probe.*",
    "_SIGNALBOX.OTHERS.schedule.*",
    "mails.*",
  ]);
});

for (const kind of ["nats-server", "embedded"] as const) {
  Deno.test(`An application of schedules runs with no more than permissions() says [${kind}]`, async () => {
    const permissions = await needs();
    await using server = kind === "embedded"
      ? await EmbeddedServer.start({
        jetstream: true,
        users: [{ user: "admin", password }, { user: "shop", password, permissions }],
      })
      : await NatsServer.start({
        config: `jetstream: { store_dir: "streams" }\nauthorization: { users: [
          { user: admin, password: secret }, { user: shop, password: secret, ${permissions} } ] }`,
      });
    if (server instanceof NatsServer && Number(server.version.split(".")[1]) < 14) return;
    await prepare(server.url);
    const auth = { user: "shop", password };
    const broker = new NatsBroker(server.url, { inboxPrefix: "_SHOP", auth, logger: false });
    const seen = recorded(broker);
    const run = application(broker);
    await broker.start();
    await run();
    assertEquals(errorsIn(seen), []);
    const js = jetstream(broker);
    await assertRejects(
      () => js.schedule("denied.a", { in: "1h" }, 1, { stream: "DENIED" }),
      PermissionError,
    );
    await until("the refusal must be told", () => Promise.resolve(errorsIn(seen).length > 0));
    await broker.stop();
  });
}
