import { ConnectionError, NatsBroker } from "@signalbox/nats";
import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";

const worker = new URL("../examples/worker.ts", import.meta.url).href;

function startWorker(...args: string[]): Deno.ChildProcess {
  const run = [
    "run",
    "--no-prompt",
    "--no-check",
    "--quiet",
    "--allow-net=127.0.0.1",
    worker,
    ...args,
  ];
  return new Deno.Command(Deno.execPath(), { args: run, stdout: "piped" }).spawn();
}

async function listens(server: NatsServer): Promise<boolean> {
  const { subscriptions_list: list = [] } = await server.monitor("/subsz?subs=1");
  return list.some(({ subject }: { subject: string }) => subject === "work");
}

async function isSubscribed(server: NatsServer): Promise<void> {
  await until("the worker must subscribe", () => listens(server));
}

Deno.test("NatsBroker.run() answers what is in hand at SIGTERM, and ends", async () => {
  await using server = await NatsServer.start();
  await using broker = new NatsBroker(server.url, { logger: false });
  await broker.connect();
  const process = startWorker(server.url, "150");
  await isSubscribed(server);
  const asked = [1, 2, 3].map((body) => broker.request("work", body));
  await broker.flush();
  await delay(30);
  process.kill("SIGTERM");
  assertEquals((await Promise.all(asked)).map(({ body }) => body), [1, 2, 3]);
  const { code, stdout } = await process.output();
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "connected\nstopped\n"]);
});

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  Deno.test(`NatsBroker.run() ends at once at the second ${signal}, with ${code}`, async () => {
    await using server = await NatsServer.start();
    await using broker = new NatsBroker(server.url, { logger: false });
    await broker.connect();
    const process = startWorker(server.url, "20000");
    await isSubscribed(server);
    const asked = assertRejects(() => broker.request("work", 1, { timeout: 1_000 }));
    await broker.flush();
    process.kill(signal);
    // two signals that a process has not taken yet are one
    await until("the worker must begin to stop", async () => !await listens(server));
    process.kill(signal);
    assertEquals((await process.status).code, code);
    await process.stdout.cancel();
    await asked;
  });
}

Deno.test("NatsBroker.run() ends cleanly at a signal that comes while it starts", async () => {
  await using server = await NatsServer.start();
  const process = startWorker(server.url, "1");
  const lines = process.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  assertEquals((await lines.next()).value, "connected\n");
  process.kill("SIGTERM");
  assertEquals((await lines.next()).value, "stopped\n");
  assertEquals((await process.status).code, 0);
  await lines.return?.();
});

Deno.test("NatsBroker.run() ends once the broker is stopped otherwise", async () => {
  await using server = await NatsServer.start();
  const broker = new NatsBroker(server.url, { logger: false });
  const running = broker.run();
  await broker.start();
  await broker.stop();
  await running;
});

for (const turns of [0, 1, 5, 50]) {
  Deno.test(`NatsBroker.run() ends if the broker is stopped ${turns} turns later, while it starts`, async () => {
    await using server = await NatsServer.start();
    const broker = new NatsBroker(server.url, { logger: false });
    const running = broker.run();
    for (let turn = 0; turn < turns; turn++) await new Promise((done) => setTimeout(done));
    await broker.stop();
    await running;
  });
}

Deno.test("NatsBroker.run() connects no more once the broker is stopped at once", async () => {
  await using server = await NatsServer.start();
  const broker = new NatsBroker(server.url, { logger: false });
  const running = broker.run();
  await broker.stop();
  await running;
  assertEquals((await server.monitor("/varz")).total_connections, 0);
});

Deno.test("NatsBroker.run() rejects with the reason of a start that fails", async () => {
  const broker = new NatsBroker("127.0.0.1:1", { logger: false, connectTimeout: 200 });
  await assertRejects(() => broker.run(), ConnectionError);
});
