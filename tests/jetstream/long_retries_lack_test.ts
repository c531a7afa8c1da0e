import {
  consumer,
  type ConsumerOptions,
  jetstream,
  Retry,
  type Stream,
  stream,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  type Backend,
  onEmbeddedServer,
  onEveryJetStream,
  onNatsServer,
  type User,
} from "../support/backends.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { since: "2.12" };
const DECLARED = {
  subjects: ["orders.{id}"],
  allowMsgSchedules: true,
  declare: "create",
} as const;
const orders = stream("ORDERS", DECLARED);
const SOON = { attempts: 3, backoff: "500ms", jitter: 0, scheduleFrom: "100ms" } as const;

/** Works on a stream; each message fails once, with these words. */
async function working(
  server: Pick<Backend, "broker">,
  of: Stream<"orders.{id}">,
  options: ConsumerOptions = {},
  wanted: () => Error = () => new Retry(),
) {
  const broker = server.broker();
  const errors = errorsOf(broker);
  const attempts: string[] = [];
  const made = consumer(of, "work", { retry: SOON, ...options });
  broker.subscriber(made, ({ subject, delivery }) => {
    attempts.push(`${subject} ${delivery.attempt}`);
    if (delivery.attempt === 1) throw wanted();
  });
  await broker.start();
  const js = jetstream(broker);
  return {
    broker,
    js,
    errors,
    attempts,
    shop: Workshop.of(broker),
    of: { stream: of, name: "work" },
  };
}

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
    'of retention "interest"',
    stream("ORDERS", { ...DECLARED, retention: "interest" }),
    {},
    'its stream must not be of retention "interest"',
  ],
  [
    "with a maxAge that is too short",
    stream("ORDERS", { ...DECLARED, maxAge: "400ms", duplicateWindow: "400ms" }),
    { retry: { ...SOON, backoff: "450ms" } },
    'they must be shorter than the "maxAge" of "ORDERS", 400 ms',
  ],
  [
    "with one message at a time",
    orders,
    { maxAckPending: 1 },
    '"maxAckPending" must be more than 1',
  ],
  [
    "of unique jobs",
    workQueue("ORDERS", { ...DECLARED, unique: "replace" }),
    {},
    'its work queue must not have "unique"',
  ],
  ["that never schedules", orders, { retry: { ...SOON, scheduleFrom: Infinity } }, undefined],
];

for (const [what, of, options, rule] of LACKS) {
  onEveryJetStream(
    `A long retry of a consumer ${what} is held by the server, and a start says why`,
    async (server) => {
      const { js, errors, attempts, shop } = await working(server, of, options);
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
  "A long retry of a consumer whose second consumer is missing is held by the server",
  async (server) => {
    const { broker } = await working(server, orders);
    await broker.stop();
    const shop = await Workshop.at(server);
    await shop.api.call("CONSUMER.DELETE.ORDERS.work~own");
    const known = stream("ORDERS", { ...DECLARED, declare: "verify" });
    const { js, errors, attempts } = await working(server, known);
    assertEquals(errors.length, 1);
    assertMatch(errors[0]!, /as its second consumer must exist \(.*"work~own".*consumer not found/);
    await js.publish("orders.7");
    await until("it has come twice", () => attempts.length === 2);
  },
  NEEDS,
);

onEveryJetStream(
  "A stream that lost our subjects holds long retries, and what was stored before comes all the same",
  async (server) => {
    const first = await working(server, orders);
    await first.js.publish("orders.7");
    await until("it is stored", async () => (await first.js.lag(first.of)).unsettled === 1);
    await first.broker.stop();
    const shop = await Workshop.at(server);
    const { config } = await shop.stream("ORDERS");
    // the target of the schedule has vanished
    await shop.api.call("STREAM.UPDATE.ORDERS", { ...config, subjects: ["orders.*"] });
    const known = stream("ORDERS", { ...DECLARED, declare: "verify" });
    const second = await working(server, known);
    assertEquals(second.errors, [
      words('its stream must have the subject "_SIGNALBOX.ORDERS.>", which declare: "update" adds'),
    ]);
    await second.broker.stop();
    const third = await working(server, stream("ORDERS", { ...DECLARED, declare: "update" }));
    await until("it comes", () => third.attempts.length === 1);
    assertEquals(third.attempts, ["orders.7 2"]);
    assertEquals(third.errors, []);
  },
  NEEDS,
);

onEveryJetStream(
  "A message with a ttl waits where it is, as it must not outlive that",
  async (server) => {
    const of = stream("ORDERS", { ...DECLARED, allowMsgTtl: true });
    const { js, attempts, shop, errors } = await working(server, of);
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
  "A Retry that names a long wait where it cannot be scheduled is told once",
  async (server) => {
    const plain = stream("ORDERS", { subjects: ["orders.{id}"], declare: "create" });
    const retry = { attempts: 3 };
    const { js, errors, attempts } = await working(
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
  "A consumer refuses what is no message that it has stored, under its own subjects",
  async (server) => {
    const { broker, errors, attempts, shop, js } = await working(server, orders);
    const own = (token: string, headers: Record<string, string>) =>
      shop.store(`_SIGNALBOX.ORDERS.for.work.${token}.2`, "x", headers);
    const whole = {
      "Signalbox-Own-Seq": "1",
      "Signalbox-Own-Time": "1",
      "Signalbox-Own-Subject": "orders.9",
      "Signalbox-Own-Attempt": "2",
      "Signalbox-Own-Ack": "$JS.ACK.ORDERS.work.1.1.1.1000000.0",
    };
    await shop.store("_SIGNALBOX.ORDERS.for.work.plain.2", "x");
    await own("a", { ...whole, "Signalbox-Own-Ack": "orders.evil" });
    await own("b", { ...whole, "Signalbox-Own-Ack": "$JS.ACK.OTHER.work.1.1.1.1000000.0" });
    await own("c", { ...whole, "Signalbox-Own-Ack": "$JS.ACK.ORDERS.other.1.1.1.1000000.0" });
    await own("d", { ...whole, "Signalbox-Own-Head": "%%%" });
    await own("e", { ...whole, "Signalbox-Own-Attempt": "-1" });
    await own("f", { ...whole, "Signalbox-Own-Subject": "" });
    await own("g", whole);
    await until("the last one is handled", () => attempts.length === 1);
    assertEquals(attempts, ["orders.9 2"]);
    assertEquals(errors.length, 1);
    assertMatch(
      errors[0]!,
      /"_SIGNALBOX\.ORDERS\.for\.work\.plain\.2" as it must be a message that/,
    );
    const { total } = await until("nothing is left", async () => {
      const lag = await js.lag({ stream: orders, name: "work" });
      return lag.total === 0 && lag;
    });
    assertEquals(total, 0);
    await broker.stop();
  },
  NEEDS,
);

Deno.test("A long retry is due by the server's clock, whatever the date here is", async () => {
  const wallTime = Date.now;
  for (const hours of [-5, 5]) {
    await onNatsServer(async (server) => {
      try {
        Date.now = () => wallTime() + hours * 3_600_000;
        const { js, attempts } = await working(server, orders);
        await js.publish("orders.7");
        await until(
          "it waits",
          async () => (await js.lag({ stream: orders, name: "work" })).unsettled === 1,
        );
        const begun = performance.now();
        await until("it comes", () => attempts.length === 2);
        assert(performance.now() - begun > 200, "too early");
      } finally {
        Date.now = wallTime;
      }
    }, { jetstream: true, since: "2.12" });
  }
});

Deno.test("consumer() refuses a wait that is none as scheduleFrom", () => {
  for (const scheduleFrom of [0, -1, "soon", NaN]) {
    assertThrows(
      () => consumer(orders, "work", { retry: { scheduleFrom: scheduleFrom as never } }),
      TypeError,
      '"scheduleFrom" must be',
    );
  }
});

const admin = { user: "admin", password: "p" };

for (const declare of ["verify", "create", "update", "leave"] as const) {
  for (
    const [kind, on] of [["nats-server", onNatsServer], ["embedded", onEmbeddedServer]] as const
  ) {
    Deno.test(`Long retries need no more than permissions() says where their stream is declared by "${declare}" [${kind}]`, async () => {
      const of = stream("ORDERS", { ...DECLARED, declare });
      const asked = await (async () => {
        let permissions: User["permissions"];
        await onEmbeddedServer((server) => {
          const broker = server.broker({ inboxPrefix: "_SHOP" });
          broker.subscriber(consumer(of, "work", { retry: SOON }), () => {});
          permissions = broker.permissions() as User["permissions"];
          return Promise.resolve();
        }, { jetstream: true });
        return permissions!;
      })();
      const user: User = { user: "worker", password: "p", permissions: asked };
      await on(async (server: Backend) => {
        const shop = await Workshop.at(server, { auth: admin });
        if (declare === "verify" || declare === "leave") {
          const maker = await working({ broker: () => server.broker({ as: admin }) }, orders);
          await maker.broker.stop();
        }
        const as = { broker: () => server.broker({ as: user, inboxPrefix: "_SHOP" }) };
        const { attempts, errors } = await working(as, of);
        await shop.store("orders.7", 1);
        await until("it has come twice", () => attempts.length === 2);
        await shop.settled("ORDERS", "work");
        assertEquals(errors.length, declare === "leave" ? 1 : 0, errors.join("\n"));
        await shop.broker.stop();
      }, { jetstream: true, since: "2.12", users: [admin, user] });
    });
  }
}

onEveryJetStream(
  "A start tells of long retries that wait where they are no longer read, and they come once they are again",
  async (server) => {
    const first = await working(server, orders);
    await first.js.publish("orders.7");
    await until("it is stored", async () => (await first.js.lag(first.of)).unsettled === 1);
    await first.broker.stop();
    const plain = stream("ORDERS", { subjects: ["orders.{id}"], declare: "verify" });
    const second = await working(server, plain, { retry: { attempts: 3 } });
    assertEquals(second.errors, [
      'Cannot deliver all messages of the consumer "work" as its stream must be declared with ' +
      "allowMsgSchedules: messages that wait for their next attempt: 1",
    ]);
    await second.broker.stop();
    const third = await working(server, orders);
    await until("it comes", () => third.attempts.length === 1);
    await third.broker.stop();
    // in a limits stream what was delivered stays, and is no more to be delivered
    assertEquals((await working(server, plain, { retry: { attempts: 3 } })).errors, []);
  },
  NEEDS,
);

onEveryJetStream(
  "A message that is too large to be stored once more waits where it is, and that is told",
  async (server) => {
    const { js, errors, attempts, shop } = await working(server, orders);
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
