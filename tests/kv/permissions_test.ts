import { assertEquals, assertRejects } from "@std/assert";
import { NatsBroker, PermissionError } from "@signalbox/nats";
import { type BucketOptions, kv } from "@signalbox/nats/kv";
import { onEveryJetStream, type User } from "../support/backends.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { until } from "../support/nats_server/until.ts";

const ADMIN: User = { user: "admin", password: "a" };

/** A user with what a program of this bucket needs. */
function userOf(user: string, use: (broker: NatsBroker) => unknown): User {
  const broker = new NatsBroker("nats://127.0.0.1:4222", { inboxPrefix: `_${user.toUpperCase()}` });
  use(broker);
  const { publish, subscribe } = broker.permissions();
  return { user, password: user, permissions: { publish: publish as string[], subscribe } };
}

const options = (more: BucketOptions<number> = {}): BucketOptions<number> => ({
  declare: "create",
  batch: true,
  history: 3,
  ...more,
});
const SHOP = userOf("shop", (broker) => kv(broker, "prices", options()));
const VIEW = userOf("view", (broker) => kv(broker, "prices", { readOnly: true, declare: "leave" }));

onEveryJetStream(
  "permissions() are enough for all of a bucket, and no more than that",
  async (server) => {
    const broker = server.broker({ as: SHOP, inboxPrefix: "_SHOP" });
    const prices = kv(broker, "prices", options());
    const errors = recorded(broker);
    let handled = 0;
    broker.subscriber(prices.changes("{region}.tea"), () => void handled++);
    await broker.start();
    await prices.put("eu.tea", 1);
    await prices.create("us.tea", 1);
    await prices.change("us.tea", (old) => old! + 1);
    await prices.batch((batch) => batch.put("a", 1).delete("us.tea"));
    await prices.purge("eu.tea");
    assertEquals((await prices.get("a"))?.value, 1);
    assertEquals((await prices.entry("us.tea"))?.kind, "delete");
    assertEquals(await Array.fromAsync(prices.keys()), ["a"]);
    assertEquals((await Array.fromAsync(prices.history())).length > 3, true);
    const live = await prices.mirror().ready;
    assertEquals([...live], [["a", 1]]);
    await until("all is handled", () => handled === 5);
    await prices.info();
    assertEquals(errorsIn(errors), []);
    const other = kv(broker, "others", { declare: "create", timeout: 5_000 });
    await assertRejects(() => other.put("a", 1), PermissionError);
  },
  { users: [ADMIN, SHOP], since: "2.12" },
);

onEveryJetStream(
  "A bucket that is only read needs no permission to write, and refuses to",
  async (server) => {
    const admin = server.broker({ as: ADMIN });
    const made = kv(admin, "prices", options());
    await admin.start();
    await made.put("a", 1);
    const broker = server.broker({ as: VIEW, inboxPrefix: "_VIEW" });
    const prices = kv<number>(broker, "prices", { readOnly: true, declare: "leave" });
    const errors = recorded(broker);
    await broker.start();
    assertEquals((await prices.get("a"))?.value, 1);
    const live = await prices.mirror("*").ready;
    await made.put("b", 2);
    await until("it follows", () => live.get("b") === 2);
    const rule = 'the bucket must not be "readOnly": it is';
    await assertRejects(() => prices.put("a", 2), TypeError, rule);
    await assertRejects(() => prices.batch((batch) => batch.put("a", 2)), TypeError, rule);
    assertEquals(errorsIn(errors), []);
    const publish = broker.permissions().publish;
    assertEquals(publish, [
      "$JS.API.CONSUMER.CREATE.KV_prices.*.$KV.prices.>",
      "$JS.API.CONSUMER.DELETE.KV_prices.*",
      "$JS.API.CONSUMER.MSG.NEXT.KV_prices.*",
      "$JS.API.DIRECT.GET.KV_prices.$KV.prices.>",
      "$JS.API.STREAM.INFO.KV_prices",
      "$JS.API.STREAM.MSG.GET.KV_prices",
    ]);
  },
  { users: [ADMIN, VIEW], since: "2.12" },
);

Deno.test("broker.describe() has its buckets, and permissions() those of changes and domains", () => {
  const broker = new NatsBroker();
  const prices = kv<number>(broker, "prices", { declare: "update", domain: "hub", history: 5 });
  assertEquals(broker.describe().doors, [{
    name: "kv",
    details: { buckets: [{ name: "prices", declare: "update", domain: "hub", history: 5 }] },
  }]);
  const { publish } = broker.permissions();
  assertEquals((publish as string[]).includes("$JS.hub.API.$KV.prices.>"), true);
  const other = new NatsBroker();
  other.subscriber(prices.changes("{region}.tea"), () => {});
  assertEquals(other.permissions().publish, [
    "$JS.hub.API.CONSUMER.CREATE.KV_prices.*.$KV.prices.*.tea",
    "$JS.hub.API.CONSUMER.DELETE.KV_prices.*",
    "$JS.hub.API.CONSUMER.MSG.NEXT.KV_prices.*",
    "$JS.hub.API.STREAM.CREATE.KV_prices",
    "$JS.hub.API.STREAM.INFO.KV_prices",
    "$JS.hub.API.STREAM.UPDATE.KV_prices",
  ]);
});
