import { type BrokerEvent, ConnectionError, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Operator } from "../support/operator.ts";
import { meanwhile } from "../support/within.ts";

const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;
const passwordIs = (password: string) => `authorization { user: ada, password: "${password}" }`;

/** Keeps every event of a broker. */
function recorded(broker: NatsBroker): BrokerEvent[] {
  const seen: BrokerEvent[] = [];
  const events = broker.events();
  void meanwhile(async () => {
    for await (const event of events) seen.push(event);
  });
  return seen;
}

const refusals = (seen: readonly BrokerEvent[]) =>
  seen.flatMap((event) =>
    event.type === "error" && event.error instanceof ConnectionError &&
      event.error.reason === "authorization"
      ? [event.error.message]
      : []
  );

async function connectedAgain(seen: readonly BrokerEvent[], times: number): Promise<void> {
  await until(
    `the broker must be back ${times} times`,
    () => seen.filter(({ type }) => type === "connected").length > times,
  );
}

Deno.test("NatsBroker asks a function of credentials before every connect, and keeps all that ran", async () => {
  await using server = await NatsServer.start({ config: passwordIs("one") });
  let password = "one";
  const asked: string[] = [];
  const auth = async () => {
    await Promise.resolve();
    asked.push(password);
    return { user: "ada", password };
  };
  await using broker = new NatsBroker(server.url, { ...options, auth });
  const seen = recorded(broker);
  broker.subscriber("echo", ({ body }) => body);
  broker.session("talk", async (session) => {
    for await (const { body } of session) await session.send(`heard ${body}`);
  });
  await broker.start();
  await using inbox = await broker.openInbox();
  await using session = await broker.openSession("talk");
  for (const [turn, next] of ["two", "three"].entries()) {
    password = next;
    await server.reload(passwordIs(next));
    await connectedAgain(seen, turn + 1);
    assertEquals((await broker.request("echo", next)).body, next);
    await broker.publish(inbox.subject, next);
    assertEquals((await inbox.next({ timeout: 5_000 }))?.body, next);
    await session.send(next);
    assertEquals((await session.next({ timeout: 5_000 }))?.body, `heard ${next}`);
  }
  assertEquals(asked.slice(0, 2), ["one", "two"]);
  assertEquals(asked.at(-1), "three");
});

Deno.test("NatsBroker goes on while its password is refused, tells once, and comes back", async () => {
  await using server = await NatsServer.start({ config: passwordIs("s3cr3t") });
  const lines: unknown[][] = [];
  const debugged: unknown[][] = [];
  const keep = (...line: unknown[]) => void lines.push(line);
  const debug = (...line: unknown[]) => void debugged.push(line);
  const logger = { debug, info: keep, warn: keep, error: keep };
  const password = { user: "ada", password: "s3cr3t" };
  await using broker = new NatsBroker(server.url, { ...options, logger, auth: password });
  const seen = recorded(broker);
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  await server.reload(passwordIs("changed"));
  // the client's own rule would close the connection at the second one
  await until("it must try four times", () => {
    return seen.filter(({ type }) => type === "reconnecting").length >= 4;
  });
  await server.reload(passwordIs("s3cr3t"));
  await connectedAgain(seen, 1);
  assertEquals((await broker.request("echo", "back")).body, "back");
  const told = refusals(seen);
  assertStringIncludes(told[0]!, "as the server must accept the credentials");
  assertEquals(new Set(told).size, told.length, told.join("\n"));
  assertFalse(seen.some(({ type }) => type === "closed"));
  // one line for all refusals, however many there are within ten seconds, and no secret in any
  const sentences = lines.map(([sentence]) => String(sentence));
  assertEquals(sentences.filter((line) => line.includes("credentials")).length, 1);
  assertFalse(Deno.inspect([lines, debugged], { depth: 9 }).includes("s3cr3t"));
});

Deno.test("NatsBroker takes a fresh JWT when the one that it has ends", async () => {
  const operator = new Operator();
  await using server = await NatsServer.start({ config: operator.config });
  let asked = 0;
  const connections = () => seen.filter(({ type }) => type === "connected").length;
  // a busy machine must come to start before the first one ends, and to ask before the last one does
  const lifetimes = [4, 2, 60];
  const auth = () => {
    asked++;
    const exp = Math.floor(Date.now() / 1_000) + lifetimes[Math.min(connections(), 2)]!;
    return { creds: operator.user({ exp }).creds };
  };
  await using broker = new NatsBroker(server.url, { ...options, auth });
  const seen = recorded(broker);
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  await connectedAgain(seen, 2);
  assertEquals((await broker.request("echo", "fresh")).body, "fresh");
  assert(asked >= 3);
  assertStringIncludes(refusals(seen)[0]!, "User Authentication Expired");
});

Deno.test("NatsBroker reads a .creds file again before each reconnect", async () => {
  const [old, young] = [new Operator(), new Operator()];
  const credsFile = await Deno.makeTempFile({ suffix: ".creds" });
  await Deno.writeTextFile(credsFile, old.user().creds);
  await using server = await NatsServer.start({ config: old.config });
  await using broker = new NatsBroker(server.url, { ...options, auth: { credsFile } });
  const seen = recorded(broker);
  await broker.connect();
  await server.kill();
  await Deno.writeTextFile(credsFile, young.user().creds);
  await server.restart(young.config);
  await connectedAgain(seen, 1);
  await broker.ping();
  await Deno.remove(credsFile);
});

for (const kind of ["TCP", "a WebSocket"] as const) {
  Deno.test(`NatsBroker comes back over ${kind} with its last credentials while the function fails`, async () => {
    const server = await NatsServer.start({ config: passwordIs("one"), webSocket: true });
    await using _server = server;
    const url = kind === "TCP" ? server.url : server.webSocketUrl;
    let answer: () => Promise<{ user: string; password: string }>;
    const auth = () => answer();
    answer = () => Promise.resolve({ user: "ada", password: "one" });
    await using broker = new NatsBroker(url, {
      ...options,
      connectTimeout: 600,
      // a busy machine may take longer than that for the first connection
      waitOnFirstConnect: true,
      auth,
    });
    const seen = recorded(broker);
    await broker.connect();
    answer = () => Promise.reject(new Error("the vault is shut"));
    await server.kill();
    await server.restart();
    await connectedAgain(seen, 1);
    assertStringIncludes(refusals(seen)[0]!, "the vault is shut");
    answer = () => new Promise(() => {});
    await server.kill();
    await server.restart();
    await connectedAgain(seen, 2);
    await broker.ping();
  });

  Deno.test(`NatsBroker.stop() does not wait for a function of credentials over ${kind}`, async () => {
    const server = await NatsServer.start({ config: passwordIs("one"), webSocket: true });
    await using _server = server;
    const url = kind === "TCP" ? server.url : server.webSocketUrl;
    const { promise, resolve } = Promise.withResolvers<void>();
    let times = 0;
    const auth = () => {
      if (++times === 1) return { user: "ada", password: "one" };
      resolve();
      return new Promise<never>(() => {});
    };
    const broker = new NatsBroker(url, { ...options, auth });
    await broker.connect();
    await server.kill();
    await promise;
    const began = performance.now();
    await broker.stop();
    assert(performance.now() - began < 4_000);
  });
}

Deno.test("NatsBroker tells what `sign` did wrong at a reconnect, and goes on", async () => {
  const operator = new Operator();
  const { jwt, sign: signed } = operator.user();
  await using server = await NatsServer.start({ config: operator.config });
  let works = true;
  const sign = (nonce: Uint8Array) => {
    if (works) return signed(nonce);
    throw new Error("no smart card");
  };
  await using broker = new NatsBroker(server.url, { ...options, auth: { jwt, sign } });
  const seen = recorded(broker);
  await broker.connect();
  works = false;
  await server.kill();
  await server.restart();
  await until("it must be told", () => refusals(seen).some((told) => told.includes("smart card")));
  works = true;
  await connectedAgain(seen, 1);
  await broker.ping();
});
