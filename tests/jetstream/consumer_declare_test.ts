import { type BrokerOptions, NatsBroker } from "@signalbox/nats";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import {
  consumer,
  type ConsumerOptions,
  DifferenceError,
  NotFoundError,
  stream,
  workQueue,
} from "@signalbox/nats/jetstream";
import type { Kind, Source } from "../../src/door/mod.ts";
import { onEveryServer, onNatsServer, type User } from "../support/backends.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const orders = stream("ORDERS", {
  subjects: ["orders.{id}.{event}", "bills.{number}"],
  declare: "create",
});
const JETSTREAM = { jetstream: true } as const;

type KindOf<From> = From extends Source<infer K extends Kind> ? K : never;
type Pattern<From> = KindOf<From>["pattern"];
type IsList<From> = KindOf<From>["batch"];

Deno.test("consumer() has the parameters of its subject, or of each subject of its stream", () => {
  const placed = consumer(orders, "a", { subject: "orders.{id}.placed" });
  const all = consumer(orders, "b");
  const two = consumer(orders, "c", { subject: ["orders.{nr}.paid", "bills.{number}"] });
  const list = consumer(orders, "d", { batch: { max: 2 } });
  assertType<IsExact<Pattern<typeof placed>, "orders.{id}.placed">>(true);
  assertType<IsExact<Pattern<typeof all>, "orders.{id}.{event}" | "bills.{number}">>(true);
  assertType<IsExact<Pattern<typeof two>, "orders.{nr}.paid" | "bills.{number}">>(true);
  assertType<IsExact<[IsList<typeof list>, IsList<typeof all>], [true, false]>>(true);
});

Deno.test("consumer() refuses a subject outside of its stream, in types and at run time", () => {
  const message = (make: () => unknown) => assertThrows(make, TypeError).message;
  const rule = 'its subject must be within those of the stream "ORDERS", orders.*.*, bills.*';
  assertEquals(
    [
      // @ts-expect-error the stream has no such subject
      message(() => consumer(orders, "x", { subject: "order.{id}.placed" })),
      // @ts-expect-error wider than the stream
      message(() => consumer(orders, "x", { subject: "orders.>" })),
      // @ts-expect-error one of them is not
      message(() => consumer(orders, "x", { subject: ["bills.{number}", "x"] })),
    ],
    ["order.{id}.placed", "orders.>", "x"].map((text) =>
      `Cannot make the consumer "x" as ${rule}: ${JSON.stringify(text)}`
    ),
  );
  // @ts-expect-error no subject has this parameter
  message(() => consumer(orders, "x", { subject: "bills.{number}", key: "id" }));
});

Deno.test("consumer() says which option or name is wrong", () => {
  const message = (options: object, name: unknown = "x") =>
    assertThrows(() => consumer(orders, name as string, options), TypeError).message;
  const begin = 'Cannot make the consumer "x" as ';
  assertEquals(
    message({}, "a.b"),
    'Cannot make a consumer as a name must be 1 to 255 bytes without blanks, dots, wildcards and slashes: "a.b"',
  );
  assertStringIncludes(
    message({ prefetch: 8 }),
    `${begin}an option must be one of subject, from`,
  );
  assertEquals(
    message({ ackWait: 5 }),
    `${begin}"ackWait" must be 100 ms or more: 5`,
  );
  assertEquals(
    message({ retry: { attempts: 0 } }),
    `${begin}"attempts" must be a whole number of 1 or more: 0`,
  );
  assertEquals(
    message({ retry: { jitter: 2 } }),
    `${begin}"jitter" must be a number from 0 to 1: 2`,
  );
  assertStringIncludes(
    message({ retry: { backoff: [] } }),
    `"backoff" must be a duration or several`,
  );
  assertEquals(message({ deadLetter: "a b" }).endsWith('"a b"'), true);
  assertEquals(
    message({ ack: "before", retry: {} }),
    `${begin}"retry" must go with ack: "after": it is "before"`,
  );
  assertEquals(message({ batch: {} }), `${begin}"batch" must have its "max": it has none`);
  assertStringIncludes(
    message({ from: { seq: 0 } }),
    '"from" must be "first", "last", "last-per-subject", "new"',
  );
});

onEveryServer(
  "consumer() of a stream with several subjects reads the parameters of each",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const seen: unknown[] = [];
    broker.subscriber(consumer(orders, "all"), ({ params }) => {
      assertType<
        IsExact<
          typeof params,
          { readonly id: string; readonly event: string } | { readonly number: string }
        >
      >(true);
      seen.push(params);
    });
    await broker.start();
    await shop.store("orders.7.placed", 1);
    await shop.store("bills.12", 1);
    await until("both must be handled", () => seen.length === 2);
    assertEquals(seen, [{ id: "7", event: "placed" }, { number: "12" }]);
  },
  JETSTREAM,
);

onEveryServer(
  "start() verifies a consumer, and says what differs or is missing",
  async (server) => {
    const shop = await Workshop.at(server);
    const verified = stream("ORDERS", { subjects: ["orders.{id}"] });
    const start = async (options: ConsumerOptions, from = verified) => {
      const broker = server.broker();
      broker.subscriber(consumer(from, "work", options), () => {});
      await broker.start();
    };
    const none = await assertRejects(() => start({}), NotFoundError);
    assertEquals(none.kind, "stream");
    await shop.api.call("STREAM.CREATE.ORDERS", { name: "ORDERS", subjects: ["orders.*"] });
    const noConsumer = await assertRejects(() => start({}), NotFoundError);
    assertEquals(noConsumer.kind, "consumer");
    const made = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
    await start({ deadLetter: false, maxAckPending: 10 }, made);
    const dead = await assertRejects(() => start({}), Error);
    assertEquals(
      dead.message,
      'Cannot use the consumer "work" as the stream of its dead letters must exist: "ORDERS_DEAD" (or say deadLetter: false)',
    );
    await start({ deadLetter: false });
    for (const from of [verified, made]) {
      const other = await assertRejects(
        () => start({ deadLetter: false, ackWait: "10s", from: "new" }, from),
        DifferenceError,
      );
      assertEquals(other.differences, [
        { field: "deliver_policy", declared: "new", found: "all", changeable: false },
        { field: "ack_wait", declared: 10_000_000_000, found: 30_000_000_000, changeable: true },
      ]);
    }
    assertEquals((await shop.consumer("ORDERS", "work")).config.max_ack_pending, 10);
  },
  JETSTREAM,
);

onEveryServer(
  "start() updates the named options of a consumer, and leaves the others",
  async (server) => {
    const shop = await Workshop.at(server);
    const updated = stream("ORDERS", { subjects: ["orders.{id}.{event}"], declare: "update" });
    const start = async (options: ConsumerOptions) => {
      const broker = server.broker();
      broker.subscriber(consumer(updated, "work", options), () => {});
      await broker.start();
      await broker.stop();
    };
    await start({ maxAckPending: 10, description: "bills", metadata: { team: "a" } });
    await start({ ackWait: "10s", subject: "orders.{id}.placed", metadata: { other: "b" } });
    const { config } = await shop.consumer("ORDERS", "work");
    const { max_ack_pending, description, ack_wait, filter_subject, metadata } = config;
    assertEquals([max_ack_pending, description, ack_wait, filter_subject], [
      ...[10, "bills", 10_000_000_000, "orders.*.placed"],
    ]);
    assertEquals([metadata?.team, metadata?.other], ["a", "b"]);
    const error = await assertRejects(
      () => start({ from: "new", ackWait: "20s" }),
      DifferenceError,
    );
    assertStringIncludes(error.message, "deliver_policy");
    assertEquals((await shop.consumer("ORDERS", "work")).config.ack_wait, 10_000_000_000);
  },
  JETSTREAM,
);

onEveryServer(
  "start() succeeds in two services that declare one consumer at once",
  async (server) => {
    const brokers = Array.from({ length: 6 }, () => server.broker());
    for (const broker of brokers) broker.subscriber(consumer(orders, "work"), () => {});
    await Promise.all(brokers.map((broker) => broker.start()));
  },
  JETSTREAM,
);

const admin: User = { user: "admin", password: "admin" };

for (const declare of ["create", "update", "verify", "leave"] as const) {
  Deno.test(`consumer() needs no more than permissions() lists, with declare: "${declare}"`, async () => {
    const jobs = workQueue("JOBS", { subjects: ["jobs.{id}"], declare });
    const made = workQueue("JOBS", { subjects: ["jobs.{id}"], declare: "create" });
    const options: BrokerOptions = { inboxPrefix: "_SHOP", logger: false };
    const work = (of: typeof jobs) =>
      consumer(of, "work", { retry: { attempts: 2, backoff: 1 }, confirm: true, key: "id" });
    const asked = new NatsBroker(undefined, options);
    asked.subscriber(work(jobs), () => {});
    const { publish, subscribe } = asked.permissions();
    const user: User = {
      user: "worker",
      password: "worker",
      permissions: { publish: publish as string[], subscribe },
    };
    await onNatsServer(async (server) => {
      const shop = await Workshop.at({ broker: (more) => server.broker({ as: admin, ...more }) });
      if (declare === "verify" || declare === "leave") {
        const maker = server.broker({ as: admin });
        maker.subscriber(work(made), () => {});
        await maker.start();
        await maker.stop();
      }
      const broker = server.broker({ as: user, ...options });
      const errors = errorsOf(broker);
      const seen: string[] = [];
      broker.subscriber(work(jobs), ({ params }) => {
        seen.push(params.id);
        if (params.id === "bad") throw new Error("bad");
      });
      await broker.start();
      await shop.store("jobs.1", 1);
      await shop.store("jobs.bad", 2);
      await shop.letters("JOBS_DEAD", 1);
      await shop.settled("JOBS", "work");
      await broker.stop();
      assertEquals(seen, ["1", "bad", "bad"]);
      assertEquals(errors.filter((text) => /permit/i.test(text)), []);
    }, { jetstream: true, users: [admin, user] });
  });
}
