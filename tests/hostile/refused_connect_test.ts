import { createServer } from "node:net";
import { ConnectionError, type ConnectionErrorReason, NatsBroker } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Authority } from "../support/certificates.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { agree, INFO, ScriptedServer } from "../support/scripted_server.ts";

const options = { logger: false, reconnect: { minDelay: 10, maxDelay: 30 } } as const;
/** A connect that waits for its time to be over takes longer than any test. */
const patient = { ...options, connectTimeout: 60_000 } as const;

async function refusal(url: string, given: object = patient): Promise<ConnectionError> {
  await using broker = new NatsBroker(url, given);
  return await assertRejects(() => broker.connect(), ConnectionError);
}

const WORDS: readonly (readonly [words: string, reason: ConnectionErrorReason, help: string])[] = [
  ["maximum connections exceeded", "limit", "max_connections"],
  ["maximum account active connections exceeded", "limit", "limit of connections"],
  ["Authorization Violation", "authorization", "credentials"],
  ["Authentication Timeout", "authorization", "credentials"],
  ["User Authentication Expired", "authorization", "Renew them"],
  ["Account Authentication Expired", "authorization", "Renew them"],
  ["User Authentication Revoked", "authorization", "revoked"],
  ["Secure Connection - TLS Required", "tls", "tls://"],
  ["Stale Connection", "stale", "stood still"],
  ["We are closed on Sundays", "rejected", ""],
  ["", "rejected", ""],
];

for (const [words, reason, help] of WORDS) {
  Deno.test(`NatsBroker.connect() fails at once on "${words}"`, async () => {
    const answer = (line: string) => line.startsWith("CONNECT") ? "" : undefined;
    await using server = ScriptedServer.start({
      answer: (line) => line === "PING" ? undefined : answer(line),
    });
    server.script = { greeting: `${INFO}-ERR '${words}'\r\n`, answer };
    const error = await refusal(server.url);
    assertEquals(error.reason, reason);
    assertStringIncludes(error.message, words);
    assertStringIncludes(error.message, help);
  });

  Deno.test(`NatsBroker tells once of "${words}" at a reconnect, and goes on`, async () => {
    await using server = ScriptedServer.start({ answer: agree });
    await using broker = new NatsBroker(server.url, options);
    await broker.connect();
    const seen = recorded(broker);
    server.script = { greeting: `${INFO}-ERR '${words}'\r\n`, answer: () => "", hangsUp: true };
    server.cut();
    await until("it must dial five times", () => server.dials >= 6);
    const told = errorsIn(seen) as ConnectionError[];
    assertEquals(told.map(({ reason }) => reason), [reason]);
    assertStringIncludes(told[0]!.message, words);
    server.script = { answer: agree };
    await broker.flush({ timeout: 10_000 });
    assertEquals(errorsIn(seen).length, 1);
  });
}

for (const greeting of [false, INFO] as const) {
  const when = greeting ? "behind its INFO" : "before it says a word";
  Deno.test(`NatsBroker.connect() fails at once where the server hangs up ${when}`, async () => {
    await using server = ScriptedServer.start({ greeting, answer: agree, hangsUp: true });
    const error = await refusal(server.url);
    assertEquals(error.reason, "hung-up");
    assertStringIncludes(error.message, "handshakeFirst");
  });
}

Deno.test("NatsBroker.connect() suspects `handshake_first` where a server takes it and says nothing", async () => {
  await using server = ScriptedServer.start({ greeting: false, answer: () => "" });
  const error = await refusal(server.url, { ...options, connectTimeout: 500 });
  assertEquals(error.reason, "timeout");
  assertStringIncludes(error.message, "handshakeFirst");
});

Deno.test("NatsBroker.connect() with `waitOnFirstConnect` waits for room on the server, and tells once", async () => {
  await using server = await NatsServer.start({ config: "max_connections: 1" });
  const first = new NatsBroker(server.url, options);
  await first.connect();
  await using second = new NatsBroker(server.url, { ...options, waitOnFirstConnect: true });
  const seen = recorded(second);
  const connecting = second.connect();
  await until(
    "it must try thrice",
    () => seen.filter((event) => event.type === "reconnecting").length >= 3,
  );
  await first.stop();
  await connecting;
  const told = errorsIn(seen).filter((error) => (error as ConnectionError).reason === "limit");
  assertEquals(told.length, 1);
});

Deno.test("NatsBroker.connect() fails at once where the real server has too many connections", async () => {
  await using server = await NatsServer.start({ config: "max_connections: 1", webSocket: true });
  await using first = new NatsBroker(server.url, options);
  await first.connect();
  for (const url of [server.url, server.webSocketUrl]) {
    const error = await refusal(url);
    assertEquals(error.reason, "limit", error.message);
    assertStringIncludes(error.message, "maximum connections exceeded");
  }
});

for (const scheme of ["nats", "ws"] as const) {
  Deno.test(`NatsBroker.connect() over ${scheme}:// hears what a server says whose first socket is reset`, async () => {
    let dials = 0;
    const server = createServer((socket) => {
      const isFirst = ++dials === 1;
      const words = isFirst ? INFO : `${INFO}-ERR 'maximum connections exceeded'\r\n`;
      socket.on("error", () => {});
      const say = (data: string | Uint8Array) => {
        socket.write(data);
        // the client's CONNECT
        socket.once("data", () => isFirst ? socket.resetAndDestroy() : socket.end());
      };
      if (scheme === "nats") return say(words);
      socket.once("data", async (request) => {
        socket.write(await upgraded(String(request)));
        say(frame(words));
      });
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const error = await refusal(`${scheme}://127.0.0.1:${port}`);
    await new Promise((resolve) => server.close(resolve));
    assertEquals([error.reason, dials], ["limit", 2], error.message);
  });
}

/** Takes a WebSocket. */
async function upgraded(request: string): Promise<string> {
  const [, key] = /sec-websocket-key: (\S+)/i.exec(request)!;
  const salted = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  const accept = new Uint8Array(await crypto.subtle.digest("SHA-1", salted)).toBase64();
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** One binary frame of a server. */
function frame(text: string): Uint8Array {
  const data = new TextEncoder().encode(text);
  return new Uint8Array([0x82, 126, data.length >> 8, data.length & 255, ...data]);
}

Deno.test("NatsBroker.connect() fails at once where the embedded server has too many connections", async () => {
  await using server = await EmbeddedServer.start({ maxConnections: 1 });
  await using first = new NatsBroker(server.url, options);
  await first.connect();
  const error = await refusal(server.url);
  assertStringIncludes(error.message, "maximum connections exceeded");
  assertEquals(error.reason, "limit");
});

Deno.test("NatsBroker.connect() fails at once where a client certificate is demanded, and says what helps", async () => {
  await using authority = await Authority.create();
  const { caFile } = authority;
  const block = await authority.serverBlock("127.0.0.1");
  const config = `tls { ${block}, ca_file: "${caFile}", verify: true }`;
  await using server = await NatsServer.start({ config });
  const error = await refusal(server.url, { ...patient, tls: { caFile } });
  assertEquals(error.reason, "certificate", error.message);
  assertStringIncludes(error.message, "NKey");
});

Deno.test("NatsBroker tells once that a client certificate is demanded at a reconnect, and comes back without", async () => {
  await using authority = await Authority.create();
  const { caFile } = authority;
  const block = await authority.serverBlock("127.0.0.1");
  await using server = await NatsServer.start({ config: `tls { ${block} }` });
  await using broker = new NatsBroker(server.url, { ...options, tls: { caFile } });
  await broker.connect();
  const seen = recorded(broker);
  await server.restart(`tls { ${block}, ca_file: "${caFile}", verify: true }`);
  await until("it must be told", () => errorsIn(seen).length > 0);
  const attempts = () => seen.filter((event) => event.type === "reconnecting").length;
  const before = attempts();
  await until("it must go on", () => attempts() >= before + 3);
  const told = errorsIn(seen) as ConnectionError[];
  assertEquals(told.map(({ reason }) => reason), ["certificate"]);
  await server.restart(`tls { ${block} }`);
  await broker.flush({ timeout: 10_000 });
});

Deno.test("NatsBroker.connect() names `handshakeFirst` where the real server has it and hangs up", async () => {
  await using authority = await Authority.create();
  const { caFile } = authority;
  const block = await authority.serverBlock("127.0.0.1");
  const config = `tls { ${block}, handshake_first: true, timeout: 0.2 }`;
  await using server = await NatsServer.start({ config });
  const error = await refusal(server.url, { ...patient, tls: { caFile } });
  assert(["hung-up", "tls"].includes(error.reason), error.message);
  assertStringIncludes(error.message, "handshakeFirst");
  await using broker = new NatsBroker(server.url, {
    ...options,
    tls: { caFile, handshakeFirst: true },
  });
  await server.restart(`tls { ${block}, handshake_first: true, timeout: 10 }`);
  await broker.connect();
});
