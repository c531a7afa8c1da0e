import {
  type BrokerEvent,
  ConnectionError,
  LinkError,
  NatsBroker,
  RemoteError,
} from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { Proxy } from "../support/proxy.ts";
import { aborted, meanwhile, within } from "../support/within.ts";

/** What a stop may take beyond its time on a busy machine, in milliseconds: far less than any wait that was forgotten. */
const SLACK = 3_500;

/** Everything that a broker tells from now on. */
function told(broker: NatsBroker): BrokerEvent[] {
  const events: BrokerEvent[] = [];
  const read = async () => {
    for await (const event of broker.events()) events.push(event);
  };
  void read();
  return events;
}

function errors(events: readonly BrokerEvent[]): string[] {
  return events.flatMap((event) => event.type === "error" ? [event.error.message] : []);
}

async function stopsWithin(broker: NatsBroker, timeout: number): Promise<number> {
  const began = performance.now();
  await within("the broker must stop", broker.stop({ timeout }), timeout + 10_000);
  const took = performance.now() - began;
  assert(took <= timeout + SLACK, `${took} ms for a stop within ${timeout} ms`);
  return took;
}

onEveryServer(
  "NatsBroker.stop() waits for what a subscriber that was stopped before has taken",
  async (server) => {
    const [broker, asking] = [server.broker(), server.broker()];
    const taken = Promise.withResolvers<void>();
    let count = 0;
    const subscriber = broker.subscriber("slow", { concurrency: 1 }, async ({ body }) => {
      if (++count === 1) taken.resolve();
      await delay(100);
      return body;
    });
    await broker.start();
    await asking.connect();
    const asked = Promise.all([1, 2, 3].map((body) => asking.request("slow", body)));
    await within("it must be at work", taken.promise);
    const left = subscriber.stop();
    await broker.stop();
    await left;
    assertEquals((await asked).map(({ body }) => body), [1, 2, 3]);
  },
);

onEveryServer(
  "NatsBroker.stop() tells the callers of a subscriber that was stopped before 503 at its deadline",
  async (server) => {
    const [broker, asking] = [server.broker(), server.broker()];
    let count = 0;
    const taken = Promise.withResolvers<void>();
    const subscriber = broker.subscriber("never", { concurrency: 2 }, () => {
      if (++count === 2) taken.resolve();
      return new Promise(() => {});
    });
    await broker.start();
    await asking.connect();
    const ask = () => assertRejects(() => asking.request("never"), RemoteError);
    const before = [ask(), ask(), ask()];
    await within("they must be at work", taken.promise);
    void subscriber.stop();
    await subscriber.start();
    const after = meanwhile(() => Promise.all([...before, ask()]));
    await asking.flush();
    void subscriber.stop();
    await stopsWithin(broker, 500);
    const answers = await within("all must be told", after);
    assertEquals(answers.map(({ code }) => code), [503, 503, 503, 503]);
  },
);

onEveryServer(
  "NatsBroker.start() during a stop() follows it and ends connected",
  async (server) => {
    const [broker, asking] = [server.broker(), server.broker()];
    broker.subscriber("echo", ({ body }) => body);
    await asking.connect();
    for (let round = 0; round < 3; round++) {
      await broker.start();
      const stopped = broker.stop();
      await broker.start();
      await stopped;
      assertEquals((await asking.request("echo", round)).body, round);
      const again = broker.stop();
      await broker.connect();
      await again;
      assert(await broker.ping() >= 0);
      await broker.start();
      assertEquals((await asking.request("echo", round)).body, round);
    }
  },
);

onEveryServer("NatsBroker.stop() during start() ends it with `closed`", async (server) => {
  const broker = server.broker();
  broker.subscriber("echo", ({ body }) => body);
  for (const turns of [0, 1, 2, 3, 5, 8, 13, 21, 34]) {
    const started = broker.start().then(() => "started", (error) => error.reason);
    for (let turn = 0; turn < turns; turn++) await undefined;
    if (turns > 20) await delay(turns - 20);
    await broker.stop();
    assert(["started", "closed"].includes(await within("start() must settle", started)));
    await assertRejects(() => broker.publish("a"), ConnectionError);
  }
  // one that waits for a stop is ended by the next
  await broker.start();
  const first = broker.stop();
  const waiting = assertRejects(() => broker.start(), ConnectionError);
  const second = broker.stop();
  await Promise.all([first, second]);
  assertEquals((await waiting).reason, "closed");
  await broker.start();
  assertEquals((await broker.request("echo", 1)).body, 1);
});

onEveryServer("NatsBroker.stop() twice takes the shorter of both times", async (server) => {
  const [broker, asking] = [server.broker(), server.broker()];
  const taken = Promise.withResolvers<void>();
  broker.subscriber("never", () => {
    taken.resolve();
    return new Promise(() => {});
  });
  await broker.start();
  await asking.connect();
  const asked = assertRejects(
    () => asking.request("never", null, { timeout: 20_000 }),
    RemoteError,
  );
  await within("it must be at work", taken.promise);
  const first = broker.stop();
  await delay(50);
  await stopsWithin(broker, 200);
  await first;
  assertEquals((await asked).code, 503);
});

onEveryServer("NatsBroker.stop() inside a handler does not wait for itself", async (server) => {
  const [broker, asking] = [server.broker(), server.broker()];
  const stopped = Promise.withResolvers<number>();
  broker.subscriber("stop", async () => {
    const began = performance.now();
    await broker.stop();
    stopped.resolve(performance.now() - began);
  });
  await broker.start();
  await asking.connect();
  const events = told(broker);
  const asked = assertRejects(() => asking.request("stop", null, { timeout: 10_000 }), RemoteError);
  const took = await within("it must stop", stopped.promise, 15_000);
  assert(took < 8_000, `${took} ms`);
  assertEquals((await asked).code, 503);
  assert(
    errors(events).some((text) => text.includes(`the handler of "stop"`)),
    `${errors(events)}`,
  );
});

onEveryServer("NatsBroker.stop() that a handler does not await lets it answer", async (server) => {
  const [broker, asking] = [server.broker(), server.broker()];
  broker.subscriber("stop", async () => {
    void broker.stop();
    await delay(100);
    return "bye";
  });
  await broker.start();
  await asking.connect();
  assertEquals((await asking.request("stop")).body, "bye");
});

onEveryServer(
  "NatsBroker.stop() closes a session at once whose program does not listen to `draining`",
  async (server) => {
    const [client, service] = [server.broker(), server.broker()];
    const served = Promise.withResolvers<string>();
    const got: unknown[] = [];
    service.session("talk", async (session) => {
      session.draining.addEventListener("abort", () => {});
      for await (const { body } of session) got.push(body);
    });
    service.session("watch", async (session) => {
      served.resolve(await session.closed);
    });
    await service.start();
    await client.connect();
    const session = await client.openSession("talk");
    const watching = await client.openSession("watch");
    for (let n = 0; n < 100; n++) void session.send(n);
    const read = assertRejects(() => session.next(), LinkError);
    await stopsWithin(client, 1_500);
    assertEquals((await read).reason, "shutting-down");
    assertEquals([await session.closed, await watching.closed], ["shutting-down", "shutting-down"]);
    assertEquals(await within("the other side must be told", served.promise), "shutting-down");
    assertEquals(got.length, 100);
  },
);

onEveryServer(
  "NatsBroker.stop() ends a served session whose handler does not listen to `draining`",
  async (server) => {
    const [client, service] = [server.broker(), server.broker()];
    let ended = 0;
    service.session("echo", async (session) => {
      try {
        for await (const { body } of session) await session.send(body);
      } finally {
        ended++;
      }
    });
    service.session("idle", (session) => session.closed);
    await service.start();
    await client.connect();
    const sessions = await Promise.all([client.openSession("echo"), client.openSession("idle")]);
    await stopsWithin(service, 5_000);
    for (const session of sessions) assertEquals(await session.closed, "shutting-down");
    assertEquals(ended, 1);
  },
);

onEveryServer("NatsBroker.stop() lets a handler at work finish its session", async (server) => {
  const [front, stock] = [server.broker(), server.broker()];
  stock.session("stock", async (session) => {
    session.draining;
    for await (const { body } of session) await session.send(body);
  });
  const begun = Promise.withResolvers<void>();
  front.subscriber("order", async () => {
    const session = await front.openSession<number, number>("stock");
    let sum = 0;
    for (let n = 1; n <= 10; n++) {
      await session.send(n);
      sum += (await session.next())!.body;
      begun.resolve();
      await delay(20);
    }
    await session.close();
    return sum;
  });
  await stock.start();
  await front.start();
  const asked = stock.request("order");
  await within("it must be at work", begun.promise);
  await front.stop();
  assertEquals((await asked).body, 55);
});

onEveryServer(
  "NatsBroker.stop() takes its time at most, whatever handlers and middleware do",
  async (server) => {
    const hang = () => new Promise<never>(() => {});
    const cases: Record<string, (broker: NatsBroker) => void> = {
      "a handler that ignores its signal": (broker) => void broker.subscriber("x", hang),
      "a middleware that never returns": (broker) => {
        broker.use(hang);
        broker.subscriber("x", () => 1);
      },
      "a publish middleware that never returns": (broker) => {
        broker.use({ publish: hang });
        broker.subscriber("x", () => 1);
      },
      "a stream that never ends": (broker) => {
        broker.subscriber("x", async function* () {
          await hang();
          yield 1;
        });
      },
    };
    const asking = server.broker();
    await asking.connect();
    for (const [name, register] of Object.entries(cases)) {
      const broker = server.broker();
      register(broker);
      await broker.start();
      const asked = meanwhile(() => asking.request("x", null, { timeout: 6_000 }));
      await asking.flush();
      // it has the request
      await broker.ping();
      await stopsWithin(broker, 300);
      const { code } = await assertRejects(() => asked, RemoteError, undefined, name);
      assertEquals(code, 503, name);
    }
  },
);

Deno.test("NatsBroker.stop() takes its time at most while messages keep the thread busy", async () => {
  await using server = await NatsServer.start();
  await using broker = new NatsBroker(server.url, { logger: false });
  const flood = new URL("./flood_worker.ts", import.meta.url);
  let handled = 0;
  const busy = () => {
    handled++;
    for (const until = performance.now() + 5; performance.now() < until;);
  };
  broker.subscriber("busy.sync", busy);
  // deno-lint-ignore require-await
  broker.subscriber("busy.async", async () => busy());
  await broker.start();
  for (const subject of ["busy.sync", "busy.async"]) {
    const worker = new Worker(flood, { type: "module" });
    worker.postMessage({ url: server.url, subject, count: 3_000 });
    while (handled === 0) await delay(1);
    await stopsWithin(broker, 500);
    worker.terminate();
    handled = 0;
    await broker.start();
  }
});

const outages: Record<string, (proxy: Proxy, server: NatsServer) => Promise<void> | void> = {
  "is cut off": async (proxy) => {
    await proxy.refuse();
    proxy.cut();
  },
  "has a server at a standstill": (_, server) => server.suspend(),
};
for (const [name, begin] of Object.entries(outages)) {
  for (const session of [false, true]) {
    const what = session ? " with sessions" : "";
    Deno.test(`NatsBroker.stop() takes its time at most while it ${name}${what}`, async () => {
      await using server = await NatsServer.start();
      await using proxy = await Proxy.start(server.port);
      await using peer = new NatsBroker(server.url, { logger: false });
      await using broker = new NatsBroker(proxy.url, { logger: false });
      broker.subscriber("x", () => new Promise(() => {}));
      peer.session("talk", (session) => aborted(session.signal, 60_000));
      await Promise.all([peer.start(), broker.start()]);
      const talks = session
        ? [await broker.openSession("talk"), await broker.openSession("talk")]
        : [];
      void talks[0]?.draining;
      void peer.request("x").catch(() => {});
      await peer.flush();
      await begin(proxy, server);
      broker.publish("held", 1).catch(() => {});
      await delay(100);
      try {
        await stopsWithin(broker, 1_000);
      } finally {
        server.resume();
      }
    });
  }
}

Deno.test("NatsBroker.stop() takes its time at most while the first server does not answer", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const broker = new NatsBroker(`nats://127.0.0.1:${port}`, {
    logger: false,
    connectTimeout: 4_000,
  });
  const started = assertRejects(() => broker.start(), ConnectionError);
  await delay(50);
  await stopsWithin(broker, 200);
  assertEquals((await started).reason, "closed");
  listener.close();
  // what was left behind must end before the sanitizers look
  await delay(4_200);
});

onEveryServer("NatsBroker.events() of a stopped broker ends", async (server) => {
  const broker = server.broker();
  const read = async () => {
    const types: string[] = [];
    for await (const { type } of broker.events()) types.push(type);
    return types;
  };
  const first = read();
  await broker.start();
  await broker.stop();
  assertEquals((await within("they must end", first)).at(-1), "closed");
  assertEquals(await within("they must end at once", read()), []);
  const started = broker.start();
  const second = read();
  await started;
  await broker.stop();
  assertEquals((await within("they must end", second)).at(-1), "closed");
});
