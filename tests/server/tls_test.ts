import { type BrokerOptions, ConnectionError, NatsBroker, type TlsOptions } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Authority } from "../support/certificates.ts";
import { findServer } from "../support/nats_server/binary.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";

const HOST = "127.0.0.1";

/** How servers with certificates are asked for. */
interface Servers extends AsyncDisposable {
  readonly authority: Authority;
  readonly stranger: Authority;
  /** One whose certificate is for these hosts. */
  start(block?: string, hosts?: readonly string[]): Promise<NatsServer>;
}

async function authorities(): Promise<Servers> {
  const authority = await Authority.create();
  const stranger = await Authority.create("Somebody else");
  return {
    authority,
    stranger,
    async start(block = "", hosts = [HOST]) {
      const files = await authority.serverBlock(...hosts);
      return await NatsServer.start({ config: `tls { ${block} ${files} }` });
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([authority, stranger].map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

async function works(url: string, options: BrokerOptions): Promise<void> {
  await using broker = new NatsBroker(url, { logger: false, ...options });
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  const body = "x".repeat(100_000);
  assertEquals((await broker.request("echo", body)).body, body);
}

async function refusal(url: string, options: BrokerOptions = {}): Promise<ConnectionError> {
  await using broker = new NatsBroker(url, { logger: false, connectTimeout: 5_000, ...options });
  const began = performance.now();
  const error = await assertRejects(() => broker.connect(), ConnectionError);
  assert(performance.now() - began < 4_000);
  return error;
}

Deno.test("NatsBroker.connect() trusts the authority of `caFile`, asked for TLS or not", async () => {
  await using servers = await authorities();
  await using server = await servers.start();
  const tls = { caFile: servers.authority.caFile };
  for (const scheme of ["tls", "nats"]) await works(`${scheme}://${HOST}:${server.port}`, { tls });
});

Deno.test("NatsBroker.connect() fails at once on a certificate that it does not trust", async () => {
  await using servers = await authorities();
  await using server = await servers.start();
  for (const tls of [undefined, { caFile: servers.stranger.caFile }]) {
    for (const waitOnFirstConnect of [false, true]) {
      const error = await refusal(server.url, { waitOnFirstConnect, ...(tls && { tls }) });
      assertEquals(error.reason, "tls");
      assertStringIncludes(error.message, "as the TLS handshake must succeed: invalid peer cert");
    }
  }
});

Deno.test("NatsBroker.connect() fails at once on a certificate for another host", async () => {
  await using servers = await authorities();
  await using server = await servers.start("", ["nats.example.com"]);
  const error = await refusal(server.url, { tls: { caFile: servers.authority.caFile } });
  assertEquals(error.reason, "tls");
  assertStringIncludes(error.message, "nats.example.com");
});

const { version } = await findServer();

Deno.test({
  name: "NatsBroker.connect() with `handshakeFirst` is let in by a server that wants it",
  // `handshake_first` came with 2.10.4
  ignore: version.startsWith("2.9."),
  fn: letInFirst,
});

async function letInFirst(): Promise<void> {
  await using servers = await authorities();
  await using server = await servers.start("handshake_first: true,");
  const { caFile } = servers.authority;
  await works(server.url, { tls: { caFile, handshakeFirst: true } });
  // both wait for the other's first word
  const silent = await refusal(server.url, { tls: { caFile }, connectTimeout: 300 });
  assertEquals(silent.reason, "timeout");
  const tls: TlsOptions = { caFile: servers.stranger.caFile, handshakeFirst: true };
  assertEquals((await refusal(server.url, { tls })).reason, "tls");
}

Deno.test("NatsBroker.connect() fails at once where TLS was asked for and there is none", async () => {
  await using servers = await authorities();
  const { caFile } = servers.authority;
  await using plain = await NatsServer.start();
  await using late = await servers.start();
  assertEquals((await refusal(`tls://${HOST}:${plain.port}`)).reason, "tls");
  const handshakeFirst = { caFile, handshakeFirst: true };
  for (const { url } of [plain, late]) {
    assertEquals((await refusal(url, { tls: handshakeFirst })).reason, "tls");
  }
});

Deno.test("NatsBroker.connect() says that it cannot read `caFile`, or that it is no certificate", async () => {
  await using servers = await authorities();
  await using server = await servers.start();
  const caFile = `${servers.authority.folder}/other.pem`;
  const missing = await refusal(server.url, { tls: { caFile } });
  assertEquals(missing.reason, "tls");
  assertStringIncludes(
    missing.message,
    `Cannot connect as "caFile" must be a certificate that can be read: No such file`,
  );
  await Deno.writeTextFile(
    caFile,
    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  );
  const wrong = await refusal(server.url, { tls: { caFile } });
  assertStringIncludes(wrong.message, `"caFile" must be a certificate that can be read: `);
});

Deno.test("NatsBroker comes back over TLS, and tells of a certificate that it cannot trust", async () => {
  await using servers = await authorities();
  await using server = await servers.start();
  const tls = { caFile: servers.authority.caFile };
  const reconnect = { minDelay: 20, maxDelay: 50 };
  await using broker = new NatsBroker(server.url, { logger: false, tls, reconnect });
  const told: unknown[] = [];
  let attempts = 0;
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  const events = broker.events();
  const reading = (async () => {
    for await (const event of events) {
      if (event.type === "error") told.push(event.error);
      if (event.type === "reconnecting" && told.length > 0) attempts++;
    }
  })();
  const good = `tls { ${await servers.authority.serverBlock(HOST)} }`;
  await server.kill();
  await server.restart(`tls { ${await servers.stranger.serverBlock(HOST)} }`);
  await until("the certificate must be refused thrice", () => attempts >= 3);
  assertEquals(told.map((error) => (error as ConnectionError).reason), ["tls"]);
  await server.restart(good);
  assertEquals((await broker.request("echo", "back")).body, "back");
  await broker.stop();
  await reading;
});
