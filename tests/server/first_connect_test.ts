import { type BrokerEvent, type BrokerOptions, ConnectionError, NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { delay } from "../support/delay.ts";
import { freePort } from "../support/free_port.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { runProgram } from "../support/program.ts";
import { meanwhile, within } from "../support/within.ts";

const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;
const waiting = { ...options, waitOnFirstConnect: true } as const;
const program = new URL("../support/waiting_program.ts", import.meta.url);

async function toTheEnd(events: AsyncIterable<BrokerEvent>): Promise<BrokerEvent[]> {
  return await Array.fromAsync(events);
}

Deno.test("NatsBroker.start() with `waitOnFirstConnect` waits for a server, and tells of each attempt", async () => {
  const port = freePort();
  const lines: string[] = [];
  const keep = (line: unknown) => void lines.push(String(line));
  const logger = { debug: keep, info: keep, warn: keep, error: keep };
  await using broker = new NatsBroker(`127.0.0.1:${port}`, { ...waiting, logger });
  const events = meanwhile(() => toTheEnd(broker.events()));
  broker.subscriber("echo", ({ body }) => body);
  const starting = meanwhile(() => broker.start());
  await until("it must try thrice", () => lines.includes("Reconnecting, attempt 3"));
  await using server = await NatsServer.start({ port });
  await starting;
  assertEquals((await broker.request("echo", "there")).body, "there");
  await broker.stop();
  const seen = await events;
  const [error, ...others] = seen;
  assert(error?.type === "error" && error.error instanceof ConnectionError);
  assertEquals(error.error.reason, "refused");
  const attempts = others.filter((event) => event.type === "reconnecting");
  assertEquals(attempts.map(({ attempt }) => attempt), attempts.map((_, index) => index + 1));
  const types = others.slice(attempts.length).map(({ type }) => type);
  assertEquals(types, ["connected", "started", "stopping", "closed"]);
  const stacks = lines.filter((line) => line.includes("\n"));
  assertEquals(lines.length - stacks.length, seen.length);
  assertEquals(server.port, port);
});

Deno.test("NatsBroker.connect() asks for credentials before each attempt", async () => {
  const port = freePort();
  let asked = 0;
  const auth = () => Promise.resolve({ token: `${++asked}` });
  await using broker = new NatsBroker(`127.0.0.1:${port}`, { ...waiting, auth });
  const connecting = meanwhile(() => broker.connect());
  await until("it must ask thrice", () => asked >= 3);
  await broker.stop();
  await assertRejects(() => connecting, ConnectionError);
});

Deno.test("NatsBroker.connect() with `waitOnFirstConnect` fails at once on wrong credentials", async () => {
  await using server = await NatsServer.start({ config: `authorization { token: "s3cr3t" }` });
  const nowhere = `127.0.0.1:${freePort()}`;
  // whichever comes first: what one says must not be lost behind what the other does not
  for (let round = 1; round <= 6; round++) {
    for (const waitOnFirstConnect of [true, false]) {
      const given = { ...options, waitOnFirstConnect, auth: { token: "guess" } };
      await using broker = new NatsBroker([nowhere, server.url], given);
      const error = await assertRejects(() => broker.connect(), ConnectionError);
      assertEquals(error.reason, "authorization");
    }
  }
});

Deno.test("NatsBroker.connect() is let in by one of several servers, whatever the others say", async () => {
  await using closed = await NatsServer.start({ config: `authorization { token: "s3cr3t" }` });
  await using open = await NatsServer.start();
  for (let round = 1; round <= 6; round++) {
    const servers = [closed.url, open.url, `127.0.0.1:${freePort()}`];
    await using broker = new NatsBroker(servers, options);
    await broker.connect();
    await broker.ping();
  }
});

Deno.test("NatsBroker comes back at another of the servers that it was given", async () => {
  const servers = [await NatsServer.start(), await NatsServer.start()];
  try {
    await using broker = new NatsBroker(servers.map(({ url }) => url), options);
    const events = broker.events();
    await broker.connect();
    const first = (await events.next()).value as BrokerEvent & { server: string };
    const [mine, other] = first.server.endsWith(`${servers[0]!.port}`)
      ? servers
      : servers.reverse();
    await mine!.kill();
    await broker.ping({ timeout: 5_000 });
    for await (const event of events) {
      if (event.type !== "connected") continue;
      assertEquals(event.server, `127.0.0.1:${other!.port}`);
      break;
    }
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
});

Deno.test("NatsBroker comes back at a server that the cluster has told of", async () => {
  await using cluster = await NatsCluster.start(3);
  await using broker = new NatsBroker(cluster.urls.slice(0, 2), options);
  await broker.connect();
  await Promise.all([cluster.kill(0), cluster.kill(1)]);
  await broker.ping({ timeout: 5_000 });
});

Deno.test("NatsBroker.stop() ends the waiting for a first server, which can begin again", async () => {
  const port = freePort();
  const broker = new NatsBroker(`127.0.0.1:${port}`, {
    ...waiting,
    reconnect: { minDelay: 60_000, maxDelay: 60_000 },
  });
  for (const verb of ["connect", "start"] as const) {
    const [first, events] = [broker.events(), meanwhile(() => toTheEnd(broker.events()))];
    const outcome = assertRejects(() => broker[verb](), ConnectionError);
    assertEquals((await first.next()).value?.type, "error");
    const began = performance.now();
    await broker.stop();
    const error = await outcome;
    assert(performance.now() - began < 4_000);
    assertEquals(error.reason, "closed");
    assertStringIncludes(
      error.message,
      `Cannot connect to 127.0.0.1:${port} as the broker was stopped`,
    );
    assertEquals((error.cause as ConnectionError).reason, "refused");
    assertEquals((await events).map(({ type }) => type), ["error", "closed"]);
  }
  await using _server = await NatsServer.start({ port });
  await broker.connect();
  await broker.ping();
  await broker.stop();
});

Deno.test("NatsBroker.connect() with `waitOnFirstConnect` goes on where a server never answers", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let dials = 0;
  const accepting = (async () => {
    for await (const socket of silent) {
      dials++;
      void socket.readable.pipeTo(new WritableStream()).catch(() => {});
    }
  })();
  const given: BrokerOptions = { ...waiting, connectTimeout: 50 };
  const broker = new NatsBroker(`127.0.0.1:${silent.addr.port}`, given);
  const outcome = assertRejects(() => broker.connect(), ConnectionError);
  await until("it must dial thrice", () => dials >= 3);
  await broker.stop();
  assertEquals((await outcome).reason, "closed");
  silent.close();
  await accepting;
});

Deno.test("NatsBroker.run() ends cleanly at a signal that comes while it waits for a server", async () => {
  const url = `nats://127.0.0.1:${freePort()}`;
  const args = [
    "run",
    "--no-prompt",
    "--no-check",
    "--quiet",
    "--allow-net=127.0.0.1",
    program.href,
  ];
  const command = new Deno.Command(Deno.execPath(), { args: [...args, url], stdout: "piped" });
  const process = command.spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let output = "";
  while (!output.includes("reconnecting")) output += (await lines.next()).value;
  process.kill("SIGTERM");
  for (let line; !(line = await lines.next()).done;) output += line.value;
  assert(output.endsWith("closed\nstopped\n"), output);
  assertEquals((await process.status).code, 0);
});

Deno.test("NatsBroker.connect() with `waitOnFirstConnect` fails at once without the permission", async () => {
  const url = "nats://127.0.0.1:4222";
  const run = runProgram(["--allow-net=127.0.0.1:1"], program, [url]);
  const { output } = await within("it must end", run);
  assertStringIncludes(output, `refused Cannot connect to 127.0.0.1:4222`);
  assertStringIncludes(output, `requires net access to "127.0.0.1:4222"`);
});

Deno.test("NatsBroker.connect() fails where a server lets it in and hangs up, and leaves nothing behind", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let taken = 0;
  const serving = meanwhile(async () => {
    for await (const socket of listener) {
      taken++;
      await hangUp(socket).catch(() => {});
    }
  });
  const broker = new NatsBroker(`127.0.0.1:${listener.addr.port}`, options);
  const connecting = broker.connect();
  connecting.catch(() => {});
  await delay(0);
  // a program that is busy reads the last word and the end of the connection in one turn
  const busyUntil = performance.now() + 20;
  while (performance.now() < busyUntil);
  const error = await assertRejects(() => connecting, ConnectionError, "hung up");
  assertEquals(error.reason, "refused");
  const before = taken;
  await delay(400);
  // one dial may have been under way
  assert(taken <= before + 1, `nobody may go on dialling: ${taken - before} times`);
  await broker.stop();
  listener.close();
  await serving;
});

/** Says all that makes a connection, and ends it. */
async function hangUp(socket: Deno.TcpConn): Promise<void> {
  using _socket = socket;
  const info = { server_id: "a", version: "2.10.0", max_payload: 1_024, headers: true, proto: 1 };
  const encoder = new TextEncoder();
  await socket.write(encoder.encode(`INFO ${JSON.stringify(info)}\r\n`));
  const buffer = new Uint8Array(4_096);
  for (let heard = ""; !heard.includes("PING\r\n");) {
    const size = await socket.read(buffer);
    if (size === null) return;
    heard += new TextDecoder().decode(buffer.subarray(0, size));
  }
  await socket.write(encoder.encode("PONG\r\n"));
}
