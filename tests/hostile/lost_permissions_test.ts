import { NatsBroker, PermissionError } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { resubscribingEvery } from "../support/internals.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { within } from "../support/within.ts";
import { withBystander } from "./bystander.ts";

/** A server's configuration whose user "shop" may subscribe to these. */
function allowing(...subscribe: readonly string[]): string {
  const permissions = `permissions: { publish: [">"], subscribe: ${JSON.stringify(subscribe)} }`;
  return `authorization: { users: [
    { user: shop, password: secret, ${permissions} }
    { user: admin, password: secret }
  ] }`;
}

const RIGHT = allowing("work.>", "_SHOP.>", "$SRV.>", "bystander.>");
const MISTAKE = allowing("bystander.>", "_OTHER.>");
const reconnect = { minDelay: 10, maxDelay: 30 } as const;
const shop = {
  auth: { user: "shop", password: "secret" },
  inboxPrefix: "_SHOP",
  logger: false,
  reconnect,
} as const;
const admin = { auth: { user: "admin", password: "secret" }, logger: false, reconnect } as const;
const service = { name: "shop", version: "1.0.0" };

/** A broker with one of everything that can be lost, and someone who asks it. */
async function scene(server: NatsServer) {
  const broker = new NatsBroker(server.url, { ...shop, service });
  broker.subscriber("work.plain", { queue: "workers" }, ({ body }) => body);
  broker.subscriber("work.{id}.param", ({ params }) => params.id);
  broker.session("work.talk", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  broker.subscriber("bystander.echo", ({ body }) => body);
  const reader = broker.subscriber("work.read");
  await broker.start();
  const inbox = await broker.openInbox();
  const asking = new NatsBroker(server.url, admin);
  await asking.connect();
  const works = async () => {
    assertEquals((await asking.request("work.plain", "plain")).body, "plain");
    assertEquals((await asking.request("work.7.param")).body, "7");
    assertEquals((await broker.request("work.plain", "own")).body, "own");
    await using session = await asking.openSession("work.talk");
    await session.send("said");
    assertEquals((await session.next({ timeout: 5_000 }))?.body, "said");
    await asking.publish("work.read", "read");
    assertEquals((await reader.next({ timeout: 5_000 }))?.body, "read");
    await asking.publish(inbox.subject, "in");
    assertEquals((await inbox.next({ timeout: 5_000 }))?.body, "in");
    const found = (await asking.request("$SRV.PING.shop")).body as { name: string };
    assertEquals(found.name, "shop");
  };
  return {
    broker,
    works,
    async [Symbol.asyncDispose]() {
      await broker.stop();
      await asking.stop();
    },
  };
}

Deno.test("NatsBroker subscribes again what a mistake in the permissions took away, and tells both once", () =>
  resubscribingEvery(100, async () => {
    await using server = await NatsServer.start({ config: RIGHT });
    await using running = await scene(server);
    await running.works();
    const seen = recorded(running.broker);
    const lost = () => seen.flatMap((event) => event.type === "subscriptionLost" ? [event] : []);
    const restored = () => seen.filter(({ type }) => type === "subscriptionRestored").length;
    const attack = async () => {
      await server.reload(MISTAKE);
      // nine of $SRV, three handlers, a reader, an inbox, and the one of all requests
      await until("all must be lost", () => lost().length >= 15);
      await until("some rounds must be in vain", async () => {
        return (await server.log()).split("Subscription Violation").length > 60;
      });
      await server.reload(RIGHT);
      await until("all must be back", () => restored() >= 15);
    };
    await withBystander(server.url, "bystander.echo", attack, admin);
    await running.works();
    assertEquals([lost().length, restored()], [15, 15]);
    for (const { error, subject } of lost()) {
      assertInstanceOf(error, PermissionError);
      assertEquals(error.subject, subject);
    }
    assertEquals(new Set(lost().map(({ subject }) => subject)).size, 15);
    assertEquals(
      errorsIn(seen).length,
      15,
      "one for each loss, and none for what is tried in vain",
    );
  }));

Deno.test("NatsBroker subscribes again at a reconnect what the server had refused", async () => {
  await using server = await NatsServer.start({ config: RIGHT });
  await using running = await scene(server);
  await running.works();
  const seen = recorded(running.broker);
  const told = (what: string) => seen.filter(({ type }) => type === what).length;
  await server.restart(MISTAKE);
  await until("all must be lost", () => told("subscriptionLost") >= 15);
  await server.restart(MISTAKE);
  await until("it must be back", () => told("connected") >= 2);
  await running.broker.ping();
  await server.restart(RIGHT);
  await until("all must be back", () => told("subscriptionRestored") >= 15);
  await running.works();
  assertEquals([told("subscriptionLost"), told("subscriptionRestored")], [15, 15]);
});

Deno.test("NatsBroker.request() fails at once while its answers are forbidden, and works as soon as they are not", async () => {
  await using server = await NatsServer.start({ config: RIGHT });
  await using running = await scene(server);
  await running.works();
  const ask = () =>
    within("it must settle", running.broker.request("bystander.echo", 1, { timeout: 60_000 }));
  for (let round = 0; round < 2; round++) {
    await server.reload(MISTAKE);
    await until(
      "it must be refused",
      () => ask().then(() => false, (error) => error instanceof PermissionError),
    );
    const error = await assertRejects(ask, PermissionError);
    assertEquals(error.operation, "subscribe");
    await server.reload(RIGHT);
    assertEquals((await ask()).body, 1);
  }
});

for (const interval of [1, 20, 30_000]) {
  Deno.test(`NatsBroker leaves alone what is stopped while it is subscribed again every ${interval} ms`, () =>
    resubscribingEvery(interval, async () => {
      await using server = await NatsServer.start({ config: RIGHT });
      await using broker = new NatsBroker(server.url, shop);
      const handler = broker.subscriber("work.plain", () => "done");
      const reader = broker.subscriber("work.read");
      await broker.start();
      const inbox = await broker.openInbox();
      const seen = recorded(broker);
      const lost = () => seen.filter(({ type }) => type === "subscriptionLost").length;
      await server.reload(MISTAKE);
      await until("all must be lost", () => lost() >= 3);
      await Promise.all([handler.stop(), reader.stop(), inbox.close()]);
      assertEquals(await inbox.closed, "cancelled");
      await server.reload(RIGHT);
      await using other = new NatsBroker(server.url, admin);
      await other.connect();
      await assertRejects(() => other.request("work.plain", 1, { timeout: 300 }));
      assert(!seen.some(({ type }) => type === "subscriptionRestored"));
    }));
}
