import { NatsBroker } from "@signalbox/nats";
import { consumer, jetstream, Reject, stream } from "@signalbox/nats/jetstream";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assertEquals } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "create" });
const billing = consumer(orders, "billing");
const password = "secret";

/** What a program does that only looks, and decides about dead letters. */
function program(broker: NatsBroker) {
  const js = jetstream(broker);
  return async () => {
    const seen: unknown[] = [];
    for (const options of [{ subject: "orders.7.*" }, { from: "last-per-subject" }] as const) {
      for await (const { params } of js.read(orders, { ...options, until: "now" })) {
        seen.push(params);
      }
    }
    let replays = 0;
    for await (const dead of js.deadLetters(orders)) {
      if (dead.params.id === "7" ? await dead.replay() : await dead.discard()) replays++;
    }
    await js.pause(billing, "1m");
    const wasPaused = await js.resume(billing);
    const { total } = await js.lag(billing);
    const { consumers } = await js.info(orders);
    await js.info(billing);
    return [seen.length, replays, wasPaused, total, consumers];
  };
}

/** Has two orders stored, which a consumer rejects. */
async function prepare(url: string): Promise<void> {
  const admin = new NatsBroker(url, { auth: { user: "admin", password }, logger: false });
  admin.subscriber(billing, () => {
    throw new Reject("no");
  });
  const js = jetstream(admin);
  await admin.start();
  for (const id of [7, 8]) await js.publish(`orders.${id}.placed`, id);
  await until("both must be given up", async () => {
    return (await js.info("ORDERS_DEAD")).messages === 2 && (await js.lag(billing)).total === 0;
  });
  await admin.stop();
}

for (const kind of ["nats-server", "embedded"] as const) {
  Deno.test(`A program that reads and replays runs with no more than permissions() says [${kind}]`, async () => {
    const planned = new NatsBroker("nats://127.0.0.1:1", { inboxPrefix: "_LOOK", logger: false });
    const js = jetstream(planned);
    js.read(orders, { subject: "orders.7.*" });
    js.read(orders, { from: "last-per-subject" });
    js.deadLetters(orders);
    const asked = [js.pause(billing, "1m"), js.resume(billing), js.info(orders), js.lag(billing)];
    await Promise.allSettled(asked);
    const permissions = planned.permissions();
    await using server = kind === "embedded"
      ? await EmbeddedServer.start({
        jetstream: true,
        users: [{ user: "admin", password }, { user: "look", password, permissions }],
      })
      : await NatsServer.start({
        config: `jetstream: { store_dir: "streams" }\nauthorization: { users: [
          { user: admin, password: secret }, { user: look, password: secret, ${permissions} } ] }`,
      });
    await prepare(server.url);
    const auth = { user: "look", password };
    const broker = new NatsBroker(server.url, { inboxPrefix: "_LOOK", auth, logger: false });
    const seen = recorded(broker);
    await broker.start();
    assertEquals(await program(broker)(), [3, 2, true, 1, 1]);
    assertEquals(errorsIn(seen), []);
    await broker.stop();
  });
}
