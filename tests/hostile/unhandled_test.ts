import {
  type BrokerEvent,
  type Message,
  NatsBroker,
  OutboxFullError,
  RemoteError,
  type Schema,
} from "@signalbox/nats";
import { throttle } from "@signalbox/nats/middleware";
import { EmbeddedServer } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Wire } from "../interop/wire.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { until } from "../support/nats_server/until.ts";
import { userKey } from "../support/operator.ts";
import { recorded } from "../support/recorded.ts";
import { agree, infoWith, ScriptedServer } from "../support/scripted_server.ts";

const BAD = "not a subject";
const NOTHING = new Uint8Array();

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

/** Rejections and exceptions that nobody handles while something runs, and those that it leaves behind. */
async function unhandled(run: () => unknown): Promise<unknown[]> {
  const reasons: unknown[] = [];
  const note = (event: PromiseRejectionEvent | ErrorEvent) => {
    event.preventDefault();
    reasons.push("reason" in event ? event.reason : event.error);
  };
  globalThis.addEventListener("unhandledrejection", note);
  globalThis.addEventListener("error", note);
  try {
    await run();
    await delay(20);
  } finally {
    globalThis.removeEventListener("unhandledrejection", note);
    globalThis.removeEventListener("error", note);
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
  "NatsBroker.subscriber() outlives a reply address that cannot be sent to, whatever it streams",
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

onEveryServer(
  "NatsBroker.requestMany() and requestStream(): a next() without await does not end the process",
  async (server) => {
    const broker = server.broker();
    await broker.connect();
    const reasons = await unhandled(async () => {
      const answers = broker.requestMany("nobody", 1, { timeout: 2_000 });
      void answers[Symbol.asyncIterator]().next();
      const stream = broker.requestStream("nobody", 1, { timeout: 2_000 });
      void stream[Symbol.asyncIterator]().next();
      const read = broker.requestStream("nobody", 1, { timeout: 2_000 });
      void read.readable.getReader().read();
      await Promise.all([answers.closed, stream.closed, read.closed]);
    });
    assertEquals(reasons, []);
  },
);

onEveryServer(
  "Session: a write(), a read() and a next() without await outlive a peer that aborts",
  async (server) => {
    const broker = server.broker();
    broker.session("desk", async (session) => {
      await session.next();
      session.abort("enough");
    });
    await broker.start();
    const other = server.broker();
    await other.connect();
    const reasons = await unhandled(async () => {
      const [one, two] = await Promise.all([other.openSession("desk"), other.openSession("desk")]);
      const writer = one.writable.getWriter();
      void writer.write("first");
      void one.readable.getReader().read();
      void two[Symbol.asyncIterator]().next();
      void two.send("first");
      await Promise.all([one.closed, two.closed]);
      void writer.write("second");
      void writer.close();
      void one.writable.close();
      void two[Symbol.asyncIterator]().next();
    });
    assertEquals(reasons, []);
  },
);

onEveryServer(
  "NatsBroker outlives a logger that rejects, throws or cannot be read",
  async (server) => {
    const unreadable = {
      get then() {
        throw new Error("no then");
      },
    };
    const ways = [() => Promise.reject(new Error("full")), () => unreadable, () => {
      throw unreadable;
    }];
    const said = console.error;
    console.error = () => {
      throw new Error("standard error is closed");
    };
    try {
      for (const way of ways) {
        const logger = { debug: way, info: way, warn: way, error: way } as unknown as Console;
        const broker = server.broker({ logger });
        broker.subscriber("fails", () => {
          throw new Error("no");
        });
        const reasons = await unhandled(async () => {
          await broker.start();
          await assertRejects(() => broker.request("fails"), RemoteError);
          await broker.stop();
        });
        assertEquals(reasons, []);
      }
    } finally {
      console.error = said;
    }
  },
);

onEveryServer("NatsBroker outlives schemas whose results cannot be looked at", async (server) => {
  const validate = () => ({
    get then() {
      throw new Error("no then");
    },
  });
  const standard = { version: 1, vendor: "hostile", validate };
  const schema = { "~standard": standard } as unknown as Schema;
  const broker = server.broker();
  broker.subscriber("in", { schema }, () => 1);
  broker.subscriber("out", { replySchema: schema }, () => 1);
  broker.subscriber("echo", ({ body }) => body);
  broker.session("desk", { schema }, async (session) => void await session.next());
  await broker.start();
  const reasons = await unhandled(async () => {
    await assertRejects(() => broker.request("in"), RemoteError);
    await assertRejects(() => broker.request("out"), RemoteError);
    await assertRejects(() => broker.request("echo", 1, { schema }), Error, "no then");
    await assertRejects(() => broker.publisher("a", { schema }).publish(1), Error, "no then");
    await using session = await broker.openSession("desk");
    await session.send(1);
    assertEquals(await session.closed, "error");
  });
  assertEquals(reasons, []);
});

Deno.test("NatsBroker.connect() outlives a signer that is async, and keys of throttle() that reject", async () => {
  const sign = () => Promise.reject(new Error("no key")) as unknown as Uint8Array;
  const greeting = infoWith({ nonce: "abc", auth_required: true });
  await using server = ScriptedServer.start({ greeting, answer: agree });
  const broker = new NatsBroker(server.url, {
    logger: false,
    auth: { nkey: userKey().nkey, sign },
  });
  const key = () => Promise.reject(new Error("no key")) as unknown as string;
  const limited = throttle({ limit: 1, interval: 1_000, key });
  const reasons = await unhandled(async () => {
    await assertRejects(() => broker.connect(), Error);
    try {
      await limited({} as Message, () => Promise.resolve(1));
    } catch (error) {
      assert(error instanceof TypeError);
    }
  });
  await broker.stop();
  assertEquals(reasons, []);
});

Deno.test("NatsBroker.subscriber() reports a stream that ends while all that is held is full", async () => {
  await using server = await EmbeddedServer.start();
  const broker = new NatsBroker(server.url, {
    logger: false,
    outboxLimit: 1_000,
    reconnect: { minDelay: 60_000, maxDelay: 60_000 },
  });
  const gate = Promise.withResolvers<void>();
  let begun = 0;
  for (const subject of ["ends", "fails", "gives"]) {
    broker.subscriber(subject, async function* () {
      begun++;
      yield 1;
      await gate.promise;
      if (subject === "gives") yield 2;
      if (subject === "fails") throw new Error("no");
    });
  }
  await broker.start();
  const seen = recorded(broker);
  const reasons = await unhandled(async () => {
    {
      using caller = await Wire.connect(server.url);
      for (const subject of ["ends", "fails", "gives"]) {
        const replyTo = `answers.${subject}`;
        await caller.publish({ subject, replyTo, header: NOTHING, payload: NOTHING });
      }
      await until("all have begun", () => begun === 3);
    }
    await server.stop();
    await until("it is noticed", () => seen.some(({ type }) => type === "disconnected"));
    await assertRejects(async () => {
      for (;;) await broker.publish("a", "x".repeat(50));
    }, OutboxFullError);
    gate.resolve();
    const subjects = () =>
      new Set(seen.flatMap((event) => event.type === "error" ? [event.subject] : []));
    await until("all are reported", () => subjects().size === 4);
  });
  await broker.stop({ timeout: 100 });
  assertEquals(reasons, []);
});

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
