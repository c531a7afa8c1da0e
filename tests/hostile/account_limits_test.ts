import {
  type BrokerEvent,
  type BrokerOptions,
  ConnectionError,
  NatsBroker,
  PayloadTooLargeError,
  PermissionError,
  SubscriptionError,
} from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { resubscribingEvery } from "../support/internals.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { withBystander } from "./bystander.ts";

const quick: BrokerOptions = {
  logger: false,
  reconnect: { minDelay: 10, maxDelay: 30 },
};
const shop: BrokerOptions = { ...quick, auth: { user: "shop", password: "secret" } };
const guest: BrokerOptions = {
  ...quick,
  auth: { user: "guest", password: "secret" },
  inboxPrefix: "_GUEST",
};
const other: BrokerOptions = { ...quick, auth: { user: "other", password: "secret" } };

/** Two accounts, of which one has these limits and users beside its own. */
function accounts(limits: string, users = ""): string {
  return `accounts: {
    SHOP: { users: [ { user: shop, password: secret }${users} ], limits: { ${limits} } }
    OTHER: { users: [ { user: other, password: secret } ] }
  }`;
}

const RIGHT = accounts("");
/** The user of the brokers is taken away. */
const AWAY = RIGHT.replace("user: shop", "user: nobody");

/** Does something to one account while somebody in another asks, who must get every answer over one connection. */
async function besideOther(
  before: string,
  work: (server: NatsServer) => Promise<void>,
): Promise<void> {
  await using server = await NatsServer.start({ config: before });
  await using broker = new NatsBroker(server.url, other);
  broker.subscriber("bystander.echo", ({ body }) => body);
  await broker.start();
  const seen = recorded(broker);
  await withBystander(server.url, "bystander.echo", () => work(server), other);
  assertEquals(seen, [], "nothing happens to the other account");
}

/** Does something while what was refused is subscribed again often. */
function inHaste(work: () => Promise<void>): Promise<void> {
  return resubscribingEvery(100, work);
}

function count(seen: readonly BrokerEvent[], type: BrokerEvent["type"]): number {
  return seen.filter((event) => event.type === type).length;
}

/** The subjects that were lost, and have not been restored. */
function missing(seen: readonly BrokerEvent[]): Set<string> {
  const subjects = new Set<string>();
  for (const event of seen) {
    if (event.type === "subscriptionLost") subjects.add(event.subject);
    else if (event.type === "subscriptionRestored") subjects.delete(event.subject);
  }
  return subjects;
}

Deno.test("NatsBroker waits for room where its account may have fewer connections by now, and tells why", () =>
  besideOther(RIGHT, async (server) => {
    const brokers = Array.from({ length: 3 }, () => new NatsBroker(server.url, shop));
    await using _ = { [Symbol.asyncDispose]: () => stopped(brokers) };
    for (const [n, broker] of brokers.entries()) {
      broker.subscriber(`echo.${n}`, ({ body }) => body);
      await broker.start();
    }
    const seen = brokers.map(recorded);
    await server.reload(accounts("max_connections: 1"));
    await until(
      "two must be out, and try again",
      () => seen.filter((events) => count(events, "reconnecting") >= 5).length === 2,
    );
    const stays = seen.findIndex((events) => count(events, "disconnected") === 0);
    assertEquals(seen[stays], []);
    assertEquals((await brokers[stays]!.request(`echo.${stays}`, "in")).body, "in");
    await using late = new NatsBroker(server.url, shop);
    // the server closes its socket before it has read the PING behind CONNECT, and the reset may take its words away
    await until("it must hear why", async () => {
      const { reason } = await assertRejects(() => late.connect(), ConnectionError);
      assert(["limit", "hung-up"].includes(reason), reason);
      return reason === "limit";
    });
    await server.reload(RIGHT);
    await until(
      "both must be back",
      () => seen.filter((events) => count(events, "connected") === 1).length === 2,
    );
    for (const [n, broker] of brokers.entries()) {
      // the server may not have read the subscriptions of one that has just come back
      await broker.ping();
      assertEquals((await brokers[stays]!.request(`echo.${n}`, n)).body, n);
      if (n === stays) continue;
      const errors = errorsIn(seen[n]!) as ConnectionError[];
      // each is told once: of a limit, of a reset, and of a login while the server reloads its accounts
      assert(errors.length <= 4, `${errors}`);
      assertEquals(errors[0]?.reason, "limit");
      for (const { reason } of errors) {
        assert(["limit", "hung-up", "authorization"].includes(reason), reason);
      }
    }
    await late.connect();
  }));

async function stopped(brokers: readonly NatsBroker[]): Promise<void> {
  await Promise.all(brokers.map((broker) => broker.stop()));
}

Deno.test("NatsBroker tells which subscriptions go beyond what its account may have by now, and has them back", () =>
  inHaste(() =>
    besideOther(RIGHT, async (server) => {
      const subjects = Array.from({ length: 10 }, (_, n) => `echo.${n}`);
      await using broker = new NatsBroker(server.url, shop);
      for (const subject of subjects) broker.subscriber(subject, ({ body }) => body);
      await broker.start();
      await using asking = new NatsBroker(server.url, shop);
      const asked = () =>
        Promise.all(subjects.map(async (subject) => {
          const answer = asking.request(subject, 1, { timeout: 5_000 });
          return await answer.then(() => true, () => false);
        }));
      await asking.connect();
      assertEquals(await asked(), subjects.map(() => true));
      const seen = recorded(broker);
      await server.reload(accounts("max_subscriptions: 6"));
      await until("four must be lost, and the others not", () => {
        return count(seen, "connected") === 1 && missing(seen).size === 4;
      });
      const lost = missing(seen);
      assertEquals(await asked(), subjects.map((subject) => !lost.has(subject)));
      for (const event of seen) {
        if (event.type !== "subscriptionLost") continue;
        assertInstanceOf(event.error, SubscriptionError);
        assertEquals(event.error.words, "maximum subscriptions exceeded");
        assertEquals(event.error.subject, event.subject);
      }
      await assertRejects(() => broker.openInbox(), SubscriptionError);
      await server.reload(RIGHT);
      await until("all must be back", () => missing(seen).size === 0);
      assertEquals(await asked(), subjects.map(() => true));
    })
  ));

Deno.test("NatsBroker knows after one broken connection how little its account may send by now", () =>
  besideOther(RIGHT, async (server) => {
    await using broker = new NatsBroker(server.url, shop);
    broker.subscriber("large", () => "x".repeat(1_000));
    broker.subscriber("small", ({ body }) => body);
    await broker.start();
    await using asking = new NatsBroker(server.url, shop);
    await asking.connect();
    const [seen, heard] = [recorded(broker), recorded(asking)];
    await server.reload(accounts("max_payload: 900"));
    await asking.request("large", null, { timeout: 500 }).catch(() => {});
    await until("it must be back", () => count(seen, "connected") === 1);
    await broker.ping();
    const [told] = errorsIn(seen);
    assertInstanceOf(told, ConnectionError);
    assertEquals(told.reason, "rejected");
    for (let round = 0; round < 3; round++) {
      await assertRejects(() => asking.request("large", null, { timeout: 500 }));
      assertEquals((await asking.request("small", round)).body, round);
    }
    assertEquals([count(seen, "disconnected"), heard], [1, []]);
    const limited = () => broker.publish("any", "x".repeat(1_000));
    assertEquals((await assertRejects(limited, PayloadTooLargeError)).limit, 900);
    // nats-server tells at the next connection alone that there is room again
    await server.reload(AWAY);
    await until("both must be out", () => [seen, heard].every((all) => isOut(all)));
    await server.reload(RIGHT);
    await until("both must be back", () => ![seen, heard].some((all) => isOut(all)));
    // the server may not have read the subscriptions of one that has just come back
    await broker.ping();
    assertEquals(`${(await asking.request("large")).body}`.length, 1_000);
  }));

/** Whether the last that was told of the connection is that it has gone. */
function isOut(seen: readonly BrokerEvent[]): boolean {
  const last = seen.findLast(({ type }) => type === "connected" || type === "disconnected");
  return last?.type === "disconnected";
}

Deno.test("NatsBroker comes back with all it had after its user was taken from the account for a while", () =>
  besideOther(RIGHT, async (server) => {
    await using broker = new NatsBroker(server.url, shop);
    broker.subscriber("echo", ({ body }) => body);
    await broker.start();
    const inbox = await broker.openInbox();
    const seen = recorded(broker);
    await server.reload(AWAY);
    await until("it must try again", () => isOut(seen) && count(seen, "reconnecting") >= 5);
    const held = Promise.all([1, 2, 3].map((n) => broker.publish(inbox.subject, n)));
    await server.reload(RIGHT);
    await held;
    const bodies = [];
    for (let n = 0; n < 3; n++) bodies.push((await inbox.next({ timeout: 5_000 }))?.body);
    assertEquals(bodies, [1, 2, 3]);
    assertEquals((await broker.request("echo", "in")).body, "in");
    const reasons = errorsIn(seen).map((error) => (error as ConnectionError).reason);
    assertEquals([...new Set(reasons)], ["authorization"]);
    assert(reasons.length <= 2, `${reasons.length} errors are told of one refusal`);
  }));

/** The user "guest", who may do this. */
function permitted(permissions: string): string {
  return accounts("", `, { user: guest, password: secret, permissions: { ${permissions} } }`);
}

Deno.test("NatsBroker loses what its user may no longer do, others of its account nothing, and has it back", () =>
  inHaste(() => {
    const right = permitted('publish: ["work.>", "_INBOX.>"], subscribe: ["work.>", "_GUEST.>"]');
    const mistake = permitted('publish: ["nothing"], subscribe: ["_GUEST.>"]');
    return besideOther(right, async (server) => {
      await using broker = new NatsBroker(server.url, guest);
      broker.subscriber("work.echo", { queue: "workers" }, ({ body }) => body);
      await broker.start();
      await using beside = new NatsBroker(server.url, shop);
      beside.subscriber("work.beside", ({ body }) => body);
      await beside.start();
      const [seen, heard] = [recorded(broker), recorded(beside)];
      assertEquals((await broker.request("work.beside", 1)).body, 1);
      assertEquals((await beside.request("work.echo", 2)).body, 2);
      await server.reload(mistake);
      await until("it must be lost", () => missing(seen).has("work.echo"));
      const refusal = await assertRejects(() => broker.request("work.beside", 1), PermissionError);
      assertEquals([refusal.operation, refusal.subject], ["publish", "work.beside"]);
      assertEquals((await beside.request("work.beside", 3)).body, 3);
      await server.reload(right);
      await until("it must be back", () => missing(seen).size === 0);
      assertEquals((await beside.request("work.echo", 4)).body, 4);
      assertEquals((await broker.request("work.beside", 5)).body, 5);
      assertEquals([count(seen, "subscriptionLost"), count(seen, "subscriptionRestored")], [1, 1]);
      assertEquals(heard, []);
    });
  }));
