import {
  type BrokerEvent,
  type BrokerOptions,
  InvalidSubjectError,
  NatsBroker,
  NatsRouter,
  type PermissionsOptions,
} from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";

const SERVER = "nats://127.0.0.1:4222";

function brokerOf(options: BrokerOptions = {}): NatsBroker {
  return new NatsBroker(SERVER, { inboxPrefix: "_SHOP", logger: false, ...options });
}

Deno.test("NatsBroker.permissions() of a broker with nothing is its inboxes", () => {
  const permissions = brokerOf().permissions();
  assertEquals([permissions.publish, permissions.subscribe], [{ deny: [">"] }, ["_SHOP.>"]]);
  assertEquals("allowResponses" in permissions, false);
});

Deno.test("NatsBroker.permissions() holds what is registered, in routers too, and what is given", () => {
  const broker = brokerOf({ answersTo: ["_GUEST.>", "_INBOX.{any}"] });
  const router = new NatsRouter();
  router.subscriber("orders.{id}", { queue: "workers", publishTo: "done.{id}" }, () => 1);
  router.publisher("orders.{id}.priced");
  broker.include(router, { prefix: "v1." });
  broker.subscriber("news", () => {});
  broker.subscriber("alerts.>", { queue: "readers" });
  broker.session("chat.{room}", () => {});
  const { publish, subscribe } = broker.permissions({
    publish: ["stock.{item}"],
    sessions: ["_DESK.>"],
    subscribe: ["rooms.*", "jobs workers"],
  });
  assertEquals(publish, [
    "_DESK.>",
    "_GUEST.>",
    "_INBOX.*",
    "stock.*",
    "v1.done.*",
    "v1.orders.*.priced",
  ]);
  assertEquals(subscribe, [
    "_SHOP.>",
    "alerts.> readers",
    "chat.*",
    "jobs workers",
    "news",
    "rooms.*",
    "v1.orders.* workers",
  ]);
});

Deno.test("NatsBroker.permissions() gives the same in any order, and nothing twice", () => {
  const patterns = ["a.{x}", "a.b", "a.>", "b", "_SHOP.extra"];
  const told = (order: readonly string[]) => {
    const broker = brokerOf();
    for (const pattern of order) broker.subscriber(pattern, { noReply: true }, () => {});
    for (const pattern of order) if (!pattern.includes(">")) broker.publisher(pattern);
    return JSON.stringify(broker.permissions({ publish: ["a.*"] }));
  };
  assertEquals(told(patterns), told(patterns.toReversed()));
  assertEquals(JSON.parse(told(patterns)), {
    publish: ["_SHOP.extra", "a.*", "b"],
    subscribe: ["_SHOP.>", "a.>", "b"],
  });
});

Deno.test("NatsBroker.permissions() forgets a subscriber that was stopped", async () => {
  const broker = brokerOf();
  await using _test = await TestBroker.start(broker);
  const subscriber = await broker.subscriber("rooms.7", () => {}).start();
  assertEquals(broker.permissions().subscribe, ["_SHOP.>", "rooms.7"]);
  await subscriber.stop();
  assertEquals(broker.permissions().subscribe, ["_SHOP.>"]);
});

Deno.test("NatsBroker.permissions() of a service is found by name, and by an id if there is one", () => {
  const service = { name: "desk", version: "1.0.0" };
  const broker = brokerOf({ service });
  broker.subscriber("orders.{id}", () => 1);
  const subjects = ["INFO", "PING", "STATS"].flatMap((verb) =>
    ["", ".desk", ".desk.*"].map((whom) => `$SRV.${verb}${whom}`)
  );
  assertEquals(broker.permissions().subscribe, [...subjects, "_SHOP.>", "orders.* q"]);
  const named = brokerOf({ service: { ...service, id: "first" } }).permissions();
  assertEquals(named.subscribe.includes("$SRV.PING.desk.first"), true);
  assertEquals(named.subscribe.includes("$SRV.PING.desk.*"), false);
  assertEquals([named.publish, named.allowResponses], [["_INBOX.>"], undefined]);
});

Deno.test("NatsBroker.permissions() lets answers go where `answersTo` says, and else to `_INBOX.>`", () => {
  const publish = (register: (broker: NatsBroker) => unknown, answersTo?: readonly string[]) => {
    const broker = brokerOf(answersTo && { answersTo });
    register(broker);
    const permissions = broker.permissions();
    assertStrictEquals(permissions.allowResponses, undefined);
    return permissions.publish;
  };
  const nowhere = { deny: [">"] };
  const stream = async function* () {};
  assertEquals(publish((broker) => broker.subscriber("a")), nowhere);
  assertEquals(publish((broker) => broker.subscriber("a"), ["_GUEST.>"]), nowhere);
  assertEquals(publish((broker) => broker.subscriber("a", { noReply: true }, stream)), nowhere);
  assertEquals(publish((broker) => broker.subscriber("a", () => 1)), ["_INBOX.>"]);
  assertEquals(publish((broker) => broker.subscriber("a", () => 1), []), nowhere);
  assertEquals(publish((broker) => broker.subscriber("a", stream), ["_GUEST.>"]), ["_GUEST.>"]);
  assertEquals(publish((broker) => broker.session("a", () => {}), ["_GUEST.>"]), ["_GUEST.>"]);
});

const responses = (register: (broker: NatsBroker) => unknown, options?: BrokerOptions) => {
  const broker = brokerOf(options);
  register(broker);
  return () => broker.permissions().allowResponses;
};

Deno.test("NatsBroker.permissions() allows what the broker was told of its responses", () => {
  const given = (allowResponses: NonNullable<BrokerOptions["allowResponses"]>) =>
    responses((broker) => broker.session("a", () => {}), { allowResponses })();
  assertEquals(given(true), true);
  assertEquals(given({ max: 16 }), { max: 16, expires: 120_000 });
  assertEquals(given({ max: 1, expires: 500 }), { max: 1, expires: 500 });
  // whoever opens sessions answers in them
  assertEquals(responses(() => {}, { allowResponses: { max: 4 } })(), { max: 4, expires: 120_000 });
});

Deno.test("Permissions.config is a block of nats-server's configuration", () => {
  const broker = brokerOf({ allowResponses: { max: 16 } });
  const permissions = broker.permissions({ publish: ["orders.>"], sessions: ["_DESK.>"] });
  assertEquals(
    permissions.config,
    `permissions {
  publish: ["_DESK.>", "orders.>"]
  subscribe: ["_SHOP.>"]
  allow_responses: { max: 16, expires: "120000ms" }
}`,
  );
  assertEquals(`${permissions}`, permissions.config);
});

Deno.test("Permissions.config breaks a long list into lines, quotes, and says true where that is enough", () => {
  const broker = brokerOf({ allowResponses: true });
  const publish = Array.from({ length: 4 }, (_, at) => `${at}.${"x".repeat(20)}."\\`);
  const lines = broker.permissions({ publish }).config.split("\n");
  assertEquals(lines.slice(0, 3), [
    "permissions {",
    "  publish: [",
    `    "0.${"x".repeat(20)}.\\"\\\\",`,
  ]);
  assertEquals(lines.slice(5), [
    `    "3.${"x".repeat(20)}.\\"\\\\"`,
    "  ]",
    `  subscribe: ["_SHOP.>"]`,
    "  allow_responses: true",
    "}",
  ]);
});

Deno.test("Permissions.config and claims deny all publishing where none is needed", () => {
  const permissions = brokerOf().permissions();
  assertMatch(permissions.config, /^ {2}publish: \{ deny: ">" \}$/m);
  assertEquals(permissions.claims, { pub: { deny: [">"] }, sub: { allow: ["_SHOP.>"] } });
});

Deno.test("Permissions.claims counts in nanoseconds", () => {
  const broker = brokerOf({ allowResponses: { max: 16, expires: 60_000 } });
  assertEquals(broker.permissions({ publish: ["a"] }).claims, {
    pub: { allow: ["a"] },
    sub: { allow: ["_SHOP.>"] },
    resp: { max: 16, ttl: 60_000_000_000 },
  });
  const once = brokerOf({ allowResponses: true });
  assertEquals(once.permissions().claims.resp, { max: 1, ttl: 120_000_000_000 });
});

const WRONG: readonly [unknown, RegExp][] = [
  [{ publishes: [] }, /must be one of publish, sessions, subscribe: "publishes"$/],
  [{ publish: "a" }, /"publish" must be a list of subjects: "a"$/],
  [{ sessions: [7] }, /"sessions" must be a list of subjects/],
  [{ subscribe: ["a b c"] }, /must be a subject, or a subject and a queue group: "a b c"$/],
  [{ subscribe: ["a *"] }, /must be a subject, or a subject and a queue group: "a \*"$/],
];

Deno.test("NatsBroker.permissions() refuses a wrong option with a sentence that names it", () => {
  for (const [options, sentence] of WRONG) {
    const told = () => brokerOf().permissions(options as PermissionsOptions);
    const { message } = assertThrows(told, TypeError, "Cannot tell the permissions as ");
    assertMatch(message, sentence);
  }
  for (const subject of ["", "a..b", "a b", ">.a", "a.{b"]) {
    assertThrows(() => brokerOf().permissions({ publish: [subject] }), InvalidSubjectError);
  }
});

/** What a broker says of what is subscribed, in two starts. */
async function warnings(register: (broker: NatsBroker) => unknown): Promise<string[]> {
  const lines: string[] = [];
  const ignored = () => {};
  const error = (line: string) => void lines.push(line);
  const logger = { debug: ignored, info: ignored, warn: ignored, error };
  const broker = brokerOf({ logger });
  register(broker);
  const events: BrokerEvent[] = [];
  const read = (async () => {
    for await (const event of broker.events()) events.push(event);
  })();
  for (let start = 0; start < 2; start++) await (await TestBroker.start(broker)).stop();
  await read;
  const errors = events.flatMap((event) => event.type === "error" ? [event.error] : []);
  const told = errors.map((error) => `Error: ${error.message}`);
  assertEquals(told, lines, "the log and the events tell the same");
  return errors.map((error) => error.message);
}

Deno.test("NatsBroker.start() warns once of a subscriber that sees its inboxes", async () => {
  const warning = (pattern: string) => [
    "Cannot keep the inboxes private as no subscription must overlap their prefix: " +
    `"${pattern}" sees "_SHOP.>"`,
  ];
  assertEquals(await warnings((broker) => broker.subscriber(">", () => {})), warning(">"));
  assertEquals(await warnings((broker) => broker.subscriber("*.*")), warning("*.*"));
  const both = (broker: NatsBroker) => {
    broker.subscriber("{user}.{part}", { noReply: true }, () => {});
    broker.subscriber("_SHOP.*.x");
  };
  assertEquals(await warnings(both), warning("{user}.{part}"));
});

Deno.test("NatsBroker.start() warns of one that sees the frames of sessions alone", async () => {
  const seen = await warnings((broker) => broker.subscriber("_SHOP.*.o1"));
  assertEquals(seen.length, 1);
});

Deno.test("NatsBroker.start() warns of no subscriber that sees no inbox", async () => {
  const outside = (broker: NatsBroker) => {
    for (
      const pattern of [
        "*",
        "orders.>",
        "_SHOPS.>",
        "_SHOP.fixed",
        "{tenant}.created",
        "_SHOP.fixed.*",
      ]
    ) {
      broker.subscriber(pattern, { noReply: true }, () => {});
    }
  };
  assertEquals(await warnings(outside), []);
});
