import {
  type BrokerEvent,
  ConnectionError,
  NatsBroker,
  PayloadTooLargeError,
  SubscriptionError,
} from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { agree, INFO, infoWith, ScriptedServer } from "../support/scripted_server.ts";
import { fastLineTest } from "../support/plain_mode.ts";

const options = { logger: false, reconnect: { minDelay: 10, maxDelay: 30 } } as const;
/** How much a hostile server says. */
const FLOOD = 3_000;

function countsIn(seen: readonly BrokerEvent[]): number[] {
  return seen.flatMap((event) => event.type === "error" ? [event.count ?? 1] : []);
}

const FLOODS: readonly (readonly [what: string, words: (n: number) => string])[] = [
  ["words that nobody knows", () => "-ERR 'Wibble'\r\n"],
  ["other words each time", (n) => `-ERR 'Wibble ${n}'\r\n`],
  ["refusals of a subject", () => `-ERR 'Permissions Violation for Publish to "a"'\r\n`],
  ["refusals of other subjects", (n) => `-ERR 'Permissions Violation for Publish to "a.${n}"'\r\n`],
  [
    "refusals of subscriptions",
    (n) => `-ERR 'Permissions Violation for Subscription to "a.${n}"'\r\n`,
  ],
];

for (const [what, words] of FLOODS) {
  Deno.test(`NatsBroker.events() tells of a flood of ${what} a few times, and counts it`, async () => {
    await using server = ScriptedServer.start({ answer: agree });
    await using broker = new NatsBroker(server.url, options);
    await broker.connect();
    const seen = recorded(broker);
    await server.say(Array.from({ length: FLOOD }, (_, n) => words(n)).join(""));
    await until("the flood must be through", () => broker.ping().then(() => true));
    await broker.flush().catch(() => {});
    const counts = countsIn(seen);
    assert(counts.length >= 1 && counts.length < FLOOD / 4, `${counts.length} events`);
    assert(Math.max(...counts) >= 1_000, `the largest count is ${Math.max(...counts)}`);
    await broker.flush();
  });
}

Deno.test("NatsBroker keeps a bounded part of what a server says that never answers", async () => {
  let isMute = false;
  const answer = (line: string) => isMute ? "" : agree(line);
  await using server = ScriptedServer.start({ answer });
  await using broker = new NatsBroker(server.url, { ...options, pingInterval: 60_000 });
  await broker.connect();
  const seen = recorded(broker);
  isMute = true;
  const flushed = broker.flush({ timeout: 30_000 }).catch((error) => error);
  await server.say("-ERR 'Wibble'\r\n".repeat(FLOOD));
  await until("what is not kept must be told", () => errorsIn(seen).length > 0);
  isMute = false;
  server.cut();
  await flushed;
  await broker.flush({ timeout: 10_000 }).catch(() => broker.flush({ timeout: 10_000 }));
  assert(errorsIn(seen).length < 100, `${errorsIn(seen).length} events`);
});

const CONTROLS = "\x01\x1b[31m\x9b2J\u2028\u202e";

Deno.test("SubscriptionError shows nothing that a terminal obeys", async () => {
  const refuse = (line: string) =>
    line.startsWith("SUB ") ? `-ERR 'Wibble ${CONTROLS}'\r\n` : agree(line);
  await using server = ScriptedServer.start({ answer: refuse });
  await using broker = new NatsBroker(server.url, options);
  broker.subscriber("a", () => {});
  const error = await assertRejects(() => broker.start(), SubscriptionError);
  assertClean(error);
  assertStringIncludes(error.words, "Wibble \\x01\\x1b[31m");
});

for (
  const words of [
    `Wibble ${CONTROLS}`,
    `Stale Connection ${CONTROLS}`,
    `Authorization Violation ${CONTROLS}`,
    `Permissions Violation for Publish to "a${CONTROLS}"`,
    `Permissions Violation for Subscription to "a${CONTROLS}"`,
    `maximum account active connections exceeded ${CONTROLS}`,
  ]
) {
  const named = words.replaceAll(CONTROLS, "").trim();
  Deno.test(`NatsBroker.events() shows nothing that a terminal obeys, of "${named} …"`, async () => {
    await using server = ScriptedServer.start({ answer: agree });
    await using broker = new NatsBroker(server.url, options);
    await broker.connect();
    const seen = recorded(broker);
    await server.say(`-ERR '${words}'\r\n`);
    await until("it must be told", () => errorsIn(seen).length > 0);
    for (const error of errorsIn(seen)) assertClean(error);
    await broker.flush({ timeout: 10_000 }).catch(() => broker.flush({ timeout: 10_000 }));
  });

  Deno.test(`ConnectionError shows nothing that a terminal obeys, of "${named} …"`, async () => {
    const greeting = `${INFO}-ERR '${words}'\r\n`;
    await using server = ScriptedServer.start({ greeting, answer: () => "", hangsUp: true });
    await using broker = new NatsBroker(server.url, options);
    const error = await assertRejects(() => broker.connect());
    assertClean(error as Error);
  });
}

/** As a program prints it. */
function assertClean(error: Error): void {
  for (const text of [error.message, error.stack ?? "", Deno.inspect(error)]) {
    const found = /(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/u.exec(text);
    assertEquals(found?.[0], undefined, JSON.stringify(text));
  }
}

for (const size of [0, 100]) {
  Deno.test(`NatsBroker.publish() goes by the limit of ${size} bytes that the server tells later`, async () => {
    await using server = ScriptedServer.start({ answer: agree });
    await using broker = new NatsBroker(server.url, options);
    await broker.connect();
    await broker.publish("a", "x".repeat(200));
    await server.say(infoWith({ max_payload: size }));
    await broker.ping();
    const error = await assertRejects(
      () => broker.publish("a", "x".repeat(200)),
      PayloadTooLargeError,
    );
    assertEquals(error.limit, size);
    await server.say(INFO);
    await broker.ping();
    await broker.publish("a", "x".repeat(200));
  });
}

Deno.test("NatsBroker.publish() sends no headers to a server that takes none any more", async () => {
  const lines: string[] = [];
  const answer = (line: string) => {
    lines.push(line);
    return agree(line);
  };
  await using server = ScriptedServer.start({ answer });
  await using broker = new NatsBroker(server.url, options);
  await broker.connect();
  await server.say(infoWith({ headers: false }));
  await broker.ping();
  await broker.publish("a", { n: 1 });
  await broker.flush();
  const sent = lines.filter((line) => /^H?PUB /.test(line));
  assertEquals(sent.map((line) => line.split(" ")[0]), ["PUB"]);
});

/** Agrees to each handshake, and says this to the first PING behind it; `undefined` hangs up. */
function behindHandshake(words: string | undefined): (line: string) => string | undefined {
  let pings = 0;
  return (line) => {
    if (line.startsWith("CONNECT")) pings = 0;
    return line === "PING" && ++pings > 1 ? words : agree(line);
  };
}

Deno.test("NatsBroker.start() ends where the server breaks each connection behind the handshake", async () => {
  await using server = ScriptedServer.start({ answer: behindHandshake(undefined) });
  await using broker = new NatsBroker(server.url, { ...options, connectTimeout: 2_000 });
  broker.subscriber("a", () => {});
  const error = await assertRejects(() => broker.start(), ConnectionError);
  assertEquals(error.reason, "hung-up");
  assertStringIncludes(error.message, "the connection broke");
  server.script = { answer: agree };
  await broker.start();
});

Deno.test("NatsBroker.start() names what the server said as it broke each connection", async () => {
  const answer = behindHandshake("-ERR 'Stale Connection'\r\nWIBBLE\r\n");
  await using server = ScriptedServer.start({ answer });
  await using broker = new NatsBroker(server.url, { ...options, connectTimeout: 2_000 });
  broker.subscriber("a", () => {});
  const error = await assertRejects(() => broker.start(), ConnectionError);
  assertStringIncludes(error.message, "the connection broke");
  assert(error.cause instanceof Error);
});

Deno.test("NatsBroker.start() waits on with waitOnFirstConnect where the server breaks each connection", async () => {
  await using server = ScriptedServer.start({ answer: behindHandshake(undefined) });
  const patient = { ...options, connectTimeout: 100, waitOnFirstConnect: true };
  await using broker = new NatsBroker(server.url, patient);
  broker.subscriber("a", () => {});
  const started = broker.start();
  await until("it must dial often", () => server.dials > 8);
  server.script = { answer: agree };
  await started;
});

fastLineTest(
  "NatsBroker leaves a server whose line does not end, and comes back",
  "the client takes all of such a line",
  async () => {
    await using server = ScriptedServer.start({ answer: agree });
    await using broker = new NatsBroker(server.url, options);
    await broker.connect();
    const seen = recorded(broker);
    const said = (async () => {
      for (let n = 0; n < 64 && server.dials === 1; n++) {
        await server.say("-ERR " + "z".repeat(65_536));
      }
    })().catch(() => {});
    await until("it must dial again", () => server.dials >= 2);
    await said;
    await broker.flush({ timeout: 10_000 }).catch(() => broker.flush({ timeout: 10_000 }));
    assertStringIncludes(errorsIn(seen).map(String).join(), "Cannot read from the server");
  },
);
