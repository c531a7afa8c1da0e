import {
  type ConsumerOptions,
  Retry,
  type Stream,
  stream,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assertEquals, assertMatch } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { failingOnce, ORDERS, orders, SOON } from "../support/jetstream/long_retries.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { since: "2.12" };
/** Retries that come later than a machine stands still, where something is to be seen before. */
const LATER = { retry: { ...SOON, backoff: "2500ms" } } as const;

/** The warning of a consumer that cannot schedule long retries. */
const words = (rule: string) =>
  `Cannot schedule long retries of the consumer "work" as ${rule}: ` +
  "they count towards maxAckPending while they wait";

const LACKS: readonly [string, Stream<"orders.{id}">, ConsumerOptions, string | undefined][] = [
  [
    "without allowMsgSchedules",
    stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" }),
    {},
    "its stream must be declared with allowMsgSchedules",
  ],
  [
    'with retention "interest"',
    stream("ORDERS", { ...ORDERS, retention: "interest" }),
    {},
    'its stream must not be of retention "interest"',
  ],
  [
    "with a short maxAge",
    stream("ORDERS", { ...ORDERS, maxAge: "4s", duplicateWindow: "4s" }),
    { retry: { ...SOON, backoff: "4500ms" } },
    'they must be shorter than the "maxAge" of "ORDERS", 4000 ms',
  ],
  [
    "with one message at a time",
    orders,
    { maxAckPending: 1 },
    '"maxAckPending" must be more than 1',
  ],
  [
    "with unique jobs",
    workQueue("ORDERS", { ...ORDERS, unique: "replace" }),
    {},
    'its work queue must not have "unique"',
  ],
  [
    'with unique: "until-done"',
    workQueue("ORDERS", { subjects: ["orders.{id}"], declare: "create", unique: "until-done" }),
    {},
    'its work queue must not have "unique"',
  ],
  [
    'with unique: "while-queued"',
    workQueue("ORDERS", { subjects: ["orders.{id}"], declare: "create", unique: "while-queued" }),
    {},
    'its work queue must not have "unique"',
  ],
  [
    "with scheduleFrom: Infinity",
    orders,
    { retry: { ...SOON, scheduleFrom: Infinity } },
    undefined,
  ],
];

for (const [what, of, options, rule] of LACKS) {
  onEveryJetStream(
    `consumer() ${what} leaves long retries to the server${rule ? ", and start() says why" : ""}`,
    async (server) => {
      const { js, errors, attempts, shop } = await failingOnce(server, of, options);
      assertEquals(errors, rule === undefined ? [] : [words(rule)]);
      await js.publish("orders.7");
      await until("it waits", () => attempts.length === 1);
      await until(
        "the server holds it",
        async () =>
          (await shop.consumer("ORDERS", "work")).num_ack_pending === 1 || attempts.length > 1,
      );
      const { subjects = {} } = (await shop.stream("ORDERS")).state;
      assertEquals(
        Object.keys(subjects).filter((each) => each.startsWith("_SIGNALBOX.")),
        [],
      );
      assertEquals(errors.length, rule === undefined ? 0 : 1);
    },
    what.startsWith("without") ? {} : NEEDS,
  );
}

onEveryJetStream(
  "consumer() leaves long retries to the server if its second consumer is missing",
  async (server) => {
    const { broker } = await failingOnce(server, orders);
    await broker.stop();
    const shop = await Workshop.at(server);
    await shop.api.call("CONSUMER.DELETE.ORDERS.work~own");
    const known = stream("ORDERS", { ...ORDERS, declare: "verify" });
    const { js, errors, attempts } = await failingOnce(server, known);
    assertEquals(errors.length, 1);
    assertMatch(errors[0]!, /as its second consumer must exist \(.*"work~own".*consumer not found/);
    await js.publish("orders.7");
    await until("it has come twice", () => attempts.length === 2);
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() leaves long retries to the server without its own subjects, and later delivers stored ones",
  async (server) => {
    const first = await failingOnce(server, orders, LATER);
    await first.js.publish("orders.7");
    await until("it is stored", async () => (await first.js.lag(first.of)).unsettled === 1);
    await first.broker.stop();
    const shop = await Workshop.at(server);
    const { config } = await shop.stream("ORDERS");
    // the schedule loses its target
    await shop.api.call("STREAM.UPDATE.ORDERS", { ...config, subjects: ["orders.*"] });
    const known = stream("ORDERS", { ...ORDERS, declare: "verify" });
    const second = await failingOnce(server, known);
    assertEquals(second.errors, [
      words('its stream must have the subject "_SIGNALBOX.ORDERS.>", which declare: "update" adds'),
    ]);
    await second.broker.stop();
    const third = await failingOnce(server, stream("ORDERS", { ...ORDERS, declare: "update" }));
    await until("it comes", () => third.attempts.length === 1);
    assertEquals(third.attempts, ["orders.7 2"]);
    assertEquals(third.errors, []);
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() does not move a message with a ttl for a long retry, as the copy would outlive that",
  async (server) => {
    const of = stream("ORDERS", { ...ORDERS, allowMsgTtl: true });
    const { js, attempts, shop, errors } = await failingOnce(server, of, LATER);
    await js.publish("orders.7", 1, { ttl: "1h" });
    await js.publish("orders.8", 1, { ttl: Infinity });
    await until("one waits there, and one as a schedule", async () => {
      const { num_ack_pending } = await shop.consumer("ORDERS", "work");
      return attempts.length === 2 && num_ack_pending === 1;
    });
    await until("both have come twice", () => attempts.length === 4);
    assertEquals(errors, []);
  },
  NEEDS,
);

onEveryJetStream(
  "Retry with a long wait that cannot be scheduled gives one error",
  async (server) => {
    const plain = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
    const retry = { attempts: 3 };
    const { js, errors, attempts } = await failingOnce(
      server,
      plain,
      { retry },
      () => new Retry({ after: "1h" }),
    );
    assertEquals(errors, []);
    await js.publish("orders.7");
    await js.publish("orders.8");
    await until("both wait", () => attempts.length === 2 && errors.length > 0);
    assertEquals(errors, [words("its stream must be declared with allowMsgSchedules")]);
  },
  {},
);

onEveryJetStream(
  "start() reports long retries that nobody reads any more, and they come once somebody does",
  async (server) => {
    const first = await failingOnce(server, orders, LATER);
    await first.js.publish("orders.7");
    await until("it is stored", async () => (await first.js.lag(first.of)).unsettled === 1);
    await first.broker.stop();
    const plain = stream("ORDERS", { subjects: ["orders.{id}"], declare: "verify" });
    const second = await failingOnce(server, plain, { retry: { attempts: 3 } });
    assertEquals(second.errors, [
      'Cannot deliver all messages of the consumer "work" as its stream must be declared with ' +
      "allowMsgSchedules: messages that wait for their next attempt: 1",
    ]);
    await second.broker.stop();
    const third = await failingOnce(server, orders);
    await until("it comes", () => third.attempts.length === 1);
    await third.broker.stop();
    // a stream with limits keeps delivered messages, and they count no more
    assertEquals((await failingOnce(server, plain, { retry: { attempts: 3 } })).errors, []);
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() reports a message that is too large to move for a long retry, and retries it in place",
  async (server) => {
    const { js, errors, attempts, shop } = await failingOnce(server, orders, LATER);
    await js.publish("orders.7", "x".repeat(3_900));
    await until(
      "the server holds it",
      async () =>
        (await shop.consumer("ORDERS", "work")).num_ack_pending === 1 && errors.length > 0,
    );
    assertMatch(errors[0]!, /4096/);
    await until("it comes again", () => attempts.length === 2);
    assertEquals(attempts, ["orders.7 1", "orders.7 2"]);
    assertEquals(errors.length, 1);
  },
  { ...NEEDS, maxPayload: 4_096 },
);
