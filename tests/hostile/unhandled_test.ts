import { type BrokerEvent, NatsBroker } from "@signalbox/nats";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert, assertEquals } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { recorded } from "../support/recorded.ts";

const BAD = "not a subject";

/** Calls without `await` that fail at once, each of a broker that never connects. */
const UNAWAITED: Readonly<Record<string, (broker: NatsBroker) => unknown>> = {
  "connect()": (broker) => broker.connect(),
  "start()": (broker) => broker.start(),
  "run()": (broker) => broker.run(),
  "stop()": (broker) => broker.stop({ timeout: -1 }),
  "ping()": (broker) => broker.ping(),
  "flush()": (broker) => broker.flush(),
  "openInbox()": (broker) => broker.openInbox(),
  "publish() before a connection": (broker) => broker.publish("a", 1),
  "publish() of a bad subject": (broker) => broker.publish(BAD, 1),
  "publish() of a bad body": (broker) => broker.publish("a", new Map()),
  "request()": (broker) => broker.request("a"),
  "request() of a bad subject": (broker) => broker.request(BAD),
  "openSession()": (broker) => broker.openSession("a"),
  "publisher.publish()": (broker) => broker.publisher("a.{id}").publish({ id: BAD }, 1),
  "publisher.request()": (broker) => broker.publisher("a.{id}").request({ id: BAD }, 1),
  "subscriber.start()": (broker) => broker.subscriber("b", () => 1).start(),
  "subscriber.received()": (broker) => broker.subscriber("c", () => 1).received(1, { timeout: 1 }),
  "reader.start()": (broker) => broker.subscriber("d").start(),
  "reader.next()": (broker) => broker.subscriber("e").next(),
};

/** Rejections that nobody handles while something runs, and those that it leaves behind. */
async function unhandled(run: () => unknown): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const note = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    reasons.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", note);
  try {
    await run();
    await delay(20);
  } finally {
    globalThis.removeEventListener("unhandledrejection", note);
  }
  return reasons;
}

for (const [name, call] of Object.entries(UNAWAITED)) {
  Deno.test(`NatsBroker: ${name} without await does not end the process when it fails`, async () => {
    const broker = new NatsBroker("nats://127.0.0.1:1", { logger: false, connectTimeout: 50 });
    const reasons = await unhandled(async () => {
      void call(broker);
      await delay(100);
    });
    await broker.stop({ timeout: 100 });
    assertEquals(reasons, []);
  });
}

onEveryServer(
  "NatsBroker.publish() that fails is an error event with its subject",
  async (server) => {
    const broker = server.broker();
    await broker.connect();
    const seen = recorded(broker);
    const reasons = await unhandled(async () => {
      void broker.publish("orders.7", new Map());
      void broker.publisher("prices.{id}").publish({ id: BAD }, 1);
      await until("both are reported", () => seen.length === 2);
    });
    assertEquals(reasons, []);
    const subjects = seen.map((event) => event.type === "error" && event.subject);
    assertEquals(subjects, ["orders.7", "prices.{id}"]);
  },
);

onEveryServer(
  "Session.send() without await survives the peer, and is an error event",
  async (server) => {
    const broker = server.broker();
    broker.session("desk", async (session) => {
      await session.next();
      session.abort("enough");
    });
    await broker.start();
    const other = server.broker();
    await other.connect();
    const seen: BrokerEvent[] = recorded(other);
    const reasons = await unhandled(async () => {
      const session = await other.openSession("desk");
      void session.send("first");
      await session.closed;
      for (let n = 0; n < 3; n++) void session.send(n);
      void session.end();
      void session.next();
      void session.close();
      await until("it is reported", () => seen.some(({ type }) => type === "error"));
    });
    assertEquals(reasons, []);
    const event = seen.find((event) => event.type === "error");
    assertEquals(event?.type === "error" && event.subject, "desk");
  },
);

onEveryServer(
  "NatsBroker.subscriber() outlives an address of reply that cannot be sent to, whatever it streams",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("count", async function* () {
      yield 1;
      yield 2;
    });
    broker.subscriber("fails", async function* () {
      yield 1;
      throw new Error("no");
    });
    await broker.start();
    const reasons = await unhandled(async () => {
      const { hostname, port } = new URL(server.url);
      using socket = await Deno.connect({ hostname, port: Number(port) });
      const lines = ["count", "fails"].map((subject) => `PUB ${subject} evil.\x01 0\r\n\r\n`);
      const text = `CONNECT {"verbose":false}\r\n${lines.join("")}PING\r\n`;
      await socket.write(new TextEncoder().encode(text));
      await socket.read(new Uint8Array(4_096));
      await delay(100);
    });
    assertEquals(reasons, []);
    assert(await broker.ping() >= 0);
  },
);

Deno.test("NatsBroker.publish() without await in an outage does not end the process", async () => {
  const server = await EmbeddedServer.start();
  const program = `
    import { NatsBroker } from "@signalbox/nats";
    const broker = new NatsBroker("${server.url}", { logger: false, outboxLimit: 10_000 });
    await broker.connect();
    const events = broker.events();
    await broker.openInbox();
    for await (const { type } of events) if (type === "disconnected") break;
    for (let n = 0; n < 100; n++) broker.publish("a", "x".repeat(1_000));
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log("alive");
    await broker.stop({ timeout: 50 });
  `;
  const file = await Deno.makeTempFile({ dir: "tests/hostile", suffix: "_program.ts" });
  try {
    await Deno.writeTextFile(file, program);
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "tests/support/jsr/launch.ts", "run", "--quiet", "-A", file],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const connected = until("the program is connected", () => server.stats().subscriptions > 0);
    await connected.finally(() => server.stop());
    const { code, stdout, stderr } = await child.output();
    const said = new TextDecoder().decode(stdout);
    assertEquals([code, said.includes("alive")], [0, true], new TextDecoder().decode(stderr));
  } finally {
    await Deno.remove(file);
  }
});
