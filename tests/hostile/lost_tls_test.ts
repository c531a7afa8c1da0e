import { ConnectionError, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { Authority } from "../support/certificates.ts";
import { freePort, listenOn } from "../support/free_port.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { runProgram } from "../support/program.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { INFO, infoWith } from "../support/scripted_server.ts";

const HOST = "127.0.0.1";
const SECRET = "hunter2";
const options = { logger: false, reconnect: { minDelay: 10, maxDelay: 30 } } as const;
const decoder = new TextDecoder();

/** Says this INFO to everyone on a port, agrees to all, and keeps every word that it hears. */
class Eavesdropper implements AsyncDisposable {
  heard = "";
  dials = 0;
  readonly #listener: Deno.TcpListener;
  readonly #info: string;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #ended: Promise<void>;

  constructor(port: number, info: string) {
    this.#listener = listenOn(port);
    this.#info = info;
    this.#ended = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) {
      this.#connections.delete(connection);
      connection.close();
    }
    await this.#ended;
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.dials++;
      this.#connections.add(connection);
      const served = this.#serve(connection).catch(() => {});
      serving.push(served.finally(() => {
        if (this.#connections.delete(connection)) connection.close();
      }));
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    await connection.write(new TextEncoder().encode(this.#info));
    const buffer = new Uint8Array(65_536);
    for (let size; (size = await connection.read(buffer)) !== null;) {
      const words = decoder.decode(buffer.subarray(0, size));
      this.heard += words;
      // a handshake, which it cannot make
      if (!/^(?:CONNECT|PING)/.test(words)) return;
      if (words.includes("PING")) await connection.write(new TextEncoder().encode("PONG\r\n"));
    }
  }
}

/** What servers may say that have no TLS, or only say so. */
const INFOS = [
  INFO,
  infoWith({ tls_required: false }),
  infoWith({ tls_available: false }),
  infoWith({ tls_required: false, nonce: "abc", auth_required: true }),
  infoWith({ tls_required: true }),
  infoWith({ tls_available: true }),
];

async function encrypted(authority: Authority): Promise<NatsServer> {
  const files = await authority.serverBlock(HOST);
  const users = `authorization { user: ada, password: "${SECRET}" }`;
  // while the server is away, the system must not lend its port to an outgoing connection
  const port = freePort();
  return await NatsServer.start({ port, config: `tls { ${files} }\n${users}` });
}

for (const scheme of ["tls", "nats"]) {
  Deno.test(`NatsBroker over ${scheme}:// says nothing to a server that comes back without its TLS`, async () => {
    await using authority = await Authority.create();
    await using server = await encrypted(authority);
    await using broker = new NatsBroker(`${scheme}://${HOST}:${server.port}`, {
      ...options,
      auth: { user: "ada", password: SECRET },
      tls: { caFile: authority.caFile },
    });
    const seen = recorded(broker);
    await broker.connect();
    await server.kill();
    for (const info of INFOS) {
      const told = errorsIn(seen).length;
      await using other = new Eavesdropper(server.port, info);
      await until("it must dial twice", () => other.dials >= 3);
      assertFalse(other.heard.includes(SECRET), other.heard);
      assertFalse(other.heard.includes("CONNECT"), other.heard);
      for (const error of errorsIn(seen).slice(told)) {
        assert(error instanceof ConnectionError);
        assert(["tls", "hung-up"].includes(error.reason), error.message);
      }
    }
    assertEquals(errorsIn(seen).some((error) => (error as ConnectionError).reason === "tls"), true);
    await server.restart();
    await broker.flush({ timeout: 20_000 });
  });
}

Deno.test("NatsBroker that nobody told of TLS says nothing either to a server that has lost it", async () => {
  await using authority = await Authority.create();
  await using server = await encrypted(authority);
  const program = new URL("../support/tls_watcher.ts", import.meta.url);
  const running = runProgram(
    [`--cert=${authority.caFile}`, "--allow-net", "--allow-env"],
    program,
    [`nats://ada:${SECRET}@${HOST}:${server.port}`],
  );
  const isIn = async () => {
    const [client] = (await server.monitor("/connz")).connections;
    // the server knows its name before the program does that it is connected: a kill between would end the program
    return client?.name === "watcher" && client.in_msgs > 0;
  };
  await until("it is connected", isIn);
  await server.kill();
  for (const info of INFOS.slice(0, 4)) {
    await using other = new Eavesdropper(server.port, info);
    await until("it must dial twice", () => other.dials >= 3);
    assertFalse(other.heard.includes(SECRET), other.heard);
    assertFalse(other.heard.includes("CONNECT"), other.heard);
  }
  await server.restart();
  const { output, errors, success } = await running;
  assert(success, errors);
  assertStringIncludes(output, "tls: ");
  assertStringIncludes(output, "back");
});
