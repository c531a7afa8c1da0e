import { NatsBroker, PermissionError } from "@signalbox/nats";
import { jetstream, stream } from "@signalbox/nats/jetstream";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assertEquals, assertRejects } from "@std/assert";
import {
  declareStreams,
  inboxPrefix,
  shopBroker,
  startPermitted,
} from "../support/jetstream/permitted.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const OTHERS = stream("OTHERS", {
  subjects: ["others.{id}"],
  allowMsgSchedules: true,
  declare: "create",
});

/** An application that schedules in its own stream, and in one that it has not declared. */
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
    const soon = await js.schedule("mails.a", { in: "20s" }, 1, { name: "soon" });
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

/** The permissions that the application needs, after a run in which it may do everything. */
async function needs(): Promise<ReturnType<NatsBroker["permissions"]>> {
  await using server = await EmbeddedServer.start({ jetstream: true });
  await declareStreams(server.url, OTHERS);
  const broker = new NatsBroker(server.url, { inboxPrefix, logger: false });
  const run = application(broker);
  await broker.start();
  await run();
  const permissions = broker.permissions();
  await broker.stop();
  return permissions;
}

Deno.test("permissions() lists the subjects of schedules that were made, listed and cancelled so far", async () => {
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
  Deno.test(`permissions() is enough for an application with schedules [${kind}]`, async () => {
    const permissions = await needs();
    await using server = await startPermitted(kind, permissions);
    if (server instanceof NatsServer && Number(server.version.split(".")[1]) < 14) return;
    await declareStreams(server.url, OTHERS);
    const broker = shopBroker(server.url);
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
    await until(
      "an error event must report the refusal",
      () => Promise.resolve(errorsIn(seen).length > 0),
    );
    await broker.stop();
  });
}
