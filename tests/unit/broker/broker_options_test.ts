import {
  assertEquals,
  assertFalse,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { NatsBroker } from "../../../src/broker/broker.ts";
import { type BrokerOptions, brokerSettings } from "../../../src/broker/broker_options.ts";
import { standardError } from "../../../src/log/logger.ts";
import { InvalidSubjectError } from "../../../src/errors.ts";

const URL = "nats://127.0.0.1:4222";

function sentenceOf(options: unknown, servers: string | readonly string[] = URL): string {
  const make = () => new NatsBroker(servers, options as BrokerOptions);
  return assertThrows(make, TypeError).message;
}

const MILLISECONDS = 'milliseconds from 0 to 2147483647, or text such as "30s"';
const DURATION = 'milliseconds from 1 to 2147483647, or text such as "30s"';
const TEXT = "text that is not empty";

/** An option, what must hold of it, a wrong value, and how that is shown. */
const LOGGER = "console, an object with debug(), info(), warn() and error(), or false";

const WRONG: readonly [string, string, unknown, string][] = [
  ["inboxPrefix", TEXT, "", '""'],
  ["inboxPrefix", TEXT, 5, "5"],
  ["name", TEXT, "", '""'],
  ["tls", "an object", true, "true"],
  ["waitOnFirstConnect", "true or false", 1, "1"],
  ["connectTimeout", DURATION, -1, "-1"],
  ["connectTimeout", DURATION, 0, "0"],
  ["connectTimeout", DURATION, "-1s", '"-1s"'],
  ["connectTimeout", DURATION, "0s", '"0s"'],
  ["pingInterval", DURATION, "25d", '"25d"'],
  ["requestTimeout", MILLISECONDS, "5 minutes", '"5 minutes"'],
  ["requestTimeout", MILLISECONDS, 1e400, "Infinity"],
  ["pingInterval", DURATION, NaN, "NaN"],
  ["pingInterval", DURATION, 0, "0"],
  ["reconnect", "an object", false, "false"],
  ["outboxLimit", "a whole number of bytes", 0.5, "0.5"],
  ["resolve", "true or false", "no", '"no"'],
  ["correlationId", "a function", "id", '"id"'],
  ["correlationId", "a function that is not async", async () => {}, "a function"],
  ["startTimeout", DURATION, 0, "0"],
  ["logger", LOGGER, true, "true"],
  ["logger", LOGGER, {}, "[object Object]"],
  ["logger", LOGGER, { error() {} }, "[object Object]"],
  ["logger", LOGGER, { ...console, debug: undefined }, "[object Object]"],
];

Deno.test("NatsBroker names each wrong option and its value", () => {
  for (const [option, rule, value, shown] of WRONG) {
    const sentence = `Cannot make a broker as "${option}" must be ${rule}: ${shown}`;
    assertEquals(sentenceOf({ [option]: value }), sentence);
  }
});

Deno.test("NatsBroker names wrong options within tls and reconnect", () => {
  const cannot = "Cannot make a broker as ";
  assertEquals(sentenceOf({ tls: { caFile: 1 } }), `${cannot}"caFile" must be ${TEXT}: 1`);
  assertEquals(
    sentenceOf({ tls: { ca: "x" } }),
    `${cannot}an option must be one of caFile, handshakeFirst: "ca"`,
  );
  assertEquals(
    sentenceOf({ reconnect: { minDelay: "1" } }),
    `${cannot}"minDelay" must be ${MILLISECONDS}: "1"`,
  );
  assertEquals(
    sentenceOf({ reconnect: { attempts: 3 } }),
    `${cannot}an option must be one of minDelay, maxDelay: "attempts"`,
  );
});

Deno.test("NatsBroker refuses an option it does not know, and names those it does", () => {
  assertEquals(
    sentenceOf({ inbox_prefix: "_X" }),
    "Cannot make a broker as an option must be one of inboxPrefix, name, auth, " +
      "tls, service, connectTimeout, startTimeout, waitOnFirstConnect, requestTimeout, pingInterval, reconnect, " +
      "allowResponses, answersTo, maxSessions, maxLinkBytes, outboxLimit, resolve, " +
      'codecs, contentType, correlationId, logger: "inbox_prefix"',
  );
});

Deno.test("NatsBroker refuses options that are no object", () => {
  assertEquals(sentenceOf("x"), 'Cannot make a broker as options must be an object: "x"');
  assertEquals(sentenceOf(null), "Cannot make a broker as options must be an object: null");
});

Deno.test("NatsBroker refuses a prefix that no inbox could have", () => {
  for (const inboxPrefix of ["a.*", ">", "a b", "a.", "a..b", "$SYS", "\ud800"]) {
    const error = assertThrows(() => new NatsBroker(URL, { inboxPrefix }), InvalidSubjectError);
    assertStrictEquals(error.subject, inboxPrefix);
  }
});

Deno.test("NatsBroker refuses a wrong URL, and none at all", () => {
  sentenceOf({}, "http://a");
  sentenceOf({}, []);
  sentenceOf({}, ["nats://a", "ws://b"]);
});

Deno.test("NatsBroker refuses options that WebSockets have no use for", () => {
  const cannot = "Cannot make a broker as ";
  assertEquals(
    sentenceOf({ tls: { handshakeFirst: true } }, "wss://a"),
    `${cannot}"handshakeFirst" must be for TCP servers: WebSockets`,
  );
  assertEquals(
    sentenceOf({ tls: { caFile: "ca.pem" } }, ["wss://a", "ws://b:1"]),
    `${cannot}"tls" must be for wss://, not for ws://: ws://b:1`,
  );
  new NatsBroker("wss://a", { tls: { caFile: "ca.pem" } });
  assertEquals(
    sentenceOf({ resolve: true }, "ws://a"),
    `${cannot}"resolve" must be for TCP servers: WebSockets`,
  );
  new NatsBroker("wss://a", { resolve: false });
});

Deno.test("NatsBroker refuses credentials given in two ways, without telling them", () => {
  const cases: readonly [string, BrokerOptions][] = [
    ["nats://ada:hunter2@a", { auth: { user: "ada", password: "hunter2" } }],
    ["nats://hunter2@a", { auth: { token: "hunter2" } }],
    ["nats://ada:hunter2@a", { auth: { token: "hunter2" } }],
    ["nats://ada:hunter2@a", { auth: () => ({ token: "hunter2" }) }],
  ];
  for (const [servers, options] of cases) {
    const sentence = sentenceOf(options, servers);
    assertMatch(sentence, /^Cannot make a broker as credentials must be given one way: /);
    assertFalse(sentence.includes("hunter2"));
  }
});

Deno.test("NatsBroker refuses credentials beside auth, and says where they belong", () => {
  const sentence = 'Cannot make a broker as credentials must be in "auth", such as ' +
    "{ auth: { user, password } }: ";
  for (const option of ["user", "pass", "password", "token", "authenticator"]) {
    for (const servers of [URL, "nats://token@a", "nats://ada:pw@a"]) {
      assertEquals(sentenceOf({ [option]: "hunter2" }, servers), `${sentence}"${option}"`);
      const both = { auth: { token: "hunter2" }, [option]: "hunter2" };
      assertEquals(sentenceOf(both, servers), `${sentence}"${option}"`);
    }
  }
});

Deno.test("brokerSettings() fills in the defaults", () => {
  const { connection, ...others } = brokerSettings(URL, {});
  assertEquals(others, {
    inboxPrefix: "_INBOX",
    requestTimeout: 5_000,
    startTimeout: 25_000,
    responseLimit: undefined,
    answersTo: undefined,
    maxSessions: 10_000,
    maxLinkBytes: 268_435_456,
    service: undefined,
    logger: standardError,
  });
  const { servers, connectTimeout, pingInterval, reconnect, outboxLimit, resolve } = connection;
  assertEquals(servers.urls, ["127.0.0.1:4222"]);
  assertEquals([connectTimeout, pingInterval, resolve], [5_000, 20_000, false]);
  assertEquals([reconnect, outboxLimit], [{ minDelay: 2_000, maxDelay: 8_000 }, 8_388_608]);
});

Deno.test("brokerSettings() keeps what it is given, 0 and false included", () => {
  const { connection, ...others } = brokerSettings(URL, {
    inboxPrefix: "_X.y",
    requestTimeout: 0,
    allowResponses: { max: 16 },
    answersTo: ["_SHOP.>", "done.{id}"],
    maxSessions: 1,
    maxLinkBytes: 268_435_456,
    outboxLimit: 0,
    logger: false,
    reconnect: { maxDelay: 9 },
    resolve: true,
    name: "shop",
  });
  assertEquals(others, {
    inboxPrefix: "_X.y",
    requestTimeout: 0,
    startTimeout: 25_000,
    responseLimit: { max: 16, expires: 120_000 },
    answersTo: ["_SHOP.>", "done.*"],
    maxSessions: 1,
    maxLinkBytes: 268_435_456,
    service: undefined,
    logger: undefined,
  });
  assertEquals(connection.reconnect, { minDelay: 2_000, maxDelay: 9 });
  assertEquals([connection.outboxLimit, connection.resolve, connection.name], [0, true, "shop"]);
});

Deno.test("brokerSettings() takes credentials from the URL or from the options", () => {
  const of = (servers: string, options: BrokerOptions = {}) =>
    brokerSettings(servers, options).connection.auth;
  assertEquals(of("nats://ada:pw@a"), { user: "ada", password: "pw" });
  assertEquals(of("nats://tok@a"), { token: "tok" });
  const ada = { user: "ada", password: "pw" };
  assertEquals(of("nats://a", { auth: ada }), ada);
  assertEquals(of("nats://a", { auth: { user: "ada" } }), { user: "ada" });
  assertEquals(of("nats://a", { auth: { token: "tok" } }), { token: "tok" });
  const auth = () => ({ token: "tok" });
  assertStrictEquals(of("nats://a", { auth }), auth);
  assertStrictEquals(of("nats://a"), undefined);
});

Deno.test("NatsBroker refuses client certificates with the reason", () => {
  for (const option of ["cert", "certFile", "key", "keyFile"]) {
    assertEquals(
      sentenceOf({ tls: { caFile: "ca.pem", [option]: "hunter2" } }),
      "Cannot make a broker as TLS must be without a client certificate, which Deno's transport " +
        `cannot send (use an NKey or a JWT, see "auth"): "${option}"`,
    );
  }
});

Deno.test("NatsBroker never connects by itself, and names inboxes without a connection", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { hostname, port } = listener.addr as Deno.NetAddr;
  const broker = new NatsBroker(`nats://${hostname}:${port}`, { inboxPrefix: "_X", logger: false });
  assertMatch(await broker.newInbox(), /^_X\.[0-9A-Za-z]{22}$/);
  await new Promise((resolve) => setTimeout(resolve, 20));
  // whoever dialled before would be the first in line
  using ours = await Deno.connect({ hostname, port });
  using first = await listener.accept();
  assertEquals(first.remoteAddr, ours.localAddr);
});

Deno.test("brokerSettings() fills in a delay that is undefined", () => {
  const options = { reconnect: { minDelay: undefined, maxDelay: undefined } } as unknown;
  const { reconnect } = brokerSettings(URL, options as BrokerOptions).connection;
  assertEquals(reconnect, { minDelay: 2_000, maxDelay: 8_000 });
});
