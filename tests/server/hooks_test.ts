import {
  type BrokerEvent,
  ConnectionError,
  NatsBroker,
  NatsRouter,
  PermissionError,
  TimeoutError,
} from "@signalbox/nats";
import { TestBroker } from "@signalbox/nats/testing";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";

import { onEveryServer } from "../support/backends.ts";

/** A resource that notes its end. */
function resource(name: string, notes: string[]): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => Promise.resolve(void notes.push(`-${name}`)) };
}

const GUEST = { user: "guest", password: "guest", permissions: { subscribe: ["_INBOX.>"] } };

/** Waits that long, in milliseconds. */
const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const never = () => new Promise<void>(() => {});

/** The errors that a broker tells of until it is closed. */
async function errorsOf(events: AsyncIterable<BrokerEvent>): Promise<string[]> {
  const errors: string[] = [];
  for await (const event of events) if (event.type === "error") errors.push(event.error.message);
  return errors;
}

onEveryServer(
  "NatsBroker.onStart() runs in order, the broker's before those of its routers, and the stop undoes all in reverse",
  async (server) => {
    const notes: string[] = [];
    const broker = server.broker();
    const router = new NatsRouter();
    router.onStart(() => resource("router", notes)).onStop(() => notes.push("router.onStop"));
    broker.include(router);
    broker.onStart(async () => {
      await delay(20);
      notes.push("+a");
      return resource("a", notes);
    });
    broker.onStart(() => void notes.push("+b")).onStop(resource("registered", notes));
    broker.onStop({ [Symbol.dispose]: () => notes.push("-sync") });
    for (const _ of [1, 2]) {
      await broker.start();
      await broker.start();
      assertEquals(notes.splice(0), ["+a", "+b"]);
      await broker.stop();
      assertEquals(notes.splice(0), ["router.onStop", "-router", "-sync", "-registered", "-a"]);
      await broker.stop();
      assertEquals(notes, []);
    }
  },
);

onEveryServer(
  "NatsBroker.onStart() runs before a message can reach a handler, and onStop() once the handlers have ended",
  async (server) => {
    const [broker, caller] = [server.broker(), server.broker()];
    await caller.start();
    const notes: string[] = [];
    caller.subscriber("note", ({ body }) => void notes.push(body as string));
    await caller.start();
    broker.onStart(async () => {
      await assertRejects(() => caller.request("slow"), Error, "responders");
      await broker.request("note", "started");
    });
    broker.onStop(() => broker.request("note", "stopped"));
    const release = Promise.withResolvers<void>();
    broker.subscriber("slow", async () => {
      await release.promise;
      await broker.request("note", "handled");
    });
    await broker.start();
    const answer = caller.request("slow");
    await caller.flush();
    const stopped = broker.stop();
    await delay(50);
    assertEquals(notes, ["started"]);
    release.resolve();
    await answer;
    await stopped;
    assertEquals(notes, ["started", "handled", "stopped"]);
  },
);

onEveryServer(
  "NatsBroker.start() rejects with what onStart() throws, and ends in reverse what had started",
  async (server) => {
    const notes: string[] = [];
    const broker = server.broker();
    const errors = errorsOf(broker.events());
    let isBroken = true;
    broker.onStart(() => resource("a", notes));
    broker.onStop(() => notes.push("onStop"));
    broker.onStart(() => {
      if (isBroken) throw new RangeError("no database");
      return resource("b", notes);
    });
    broker.onStop(() => notes.push("not reached"));
    broker.subscriber("never", () => "");
    await assertRejects(() => broker.start(), RangeError, "no database");
    assertEquals(notes.splice(0), ["onStop", "-a"]);
    await assertRejects(() => broker.request("never"), Error, "responders");
    isBroken = false;
    await broker.start();
    assertEquals(notes, []);
    await broker.stop();
    assertEquals(notes, ["not reached", "-b", "onStop", "-a"]);
    assertEquals(await errors, ["no database"]);
  },
);

onEveryServer(
  "NatsBroker.start() rejects in its time when onStart() hangs, and disposes of what comes too late",
  async (server) => {
    const notes: string[] = [];
    const broker = server.broker({ startTimeout: "300ms" });
    const late = Promise.withResolvers<AsyncDisposable>();
    let given: AbortSignal | undefined;
    broker.onStart(() => resource("a", notes));
    broker.onStart(({ signal }) => {
      given = signal;
      return late.promise;
    });
    const began = performance.now();
    const error = await assertRejects(() => broker.start(), TimeoutError);
    assertEquals(
      error.message,
      "Cannot run onStart() as it must finish in time: 300 ms have passed",
    );
    assert(performance.now() - began < 4_000);
    assert(given?.aborted);
    assertEquals(notes, ["-a"]);
    late.resolve(resource("late", notes));
    await delay(0);
    assertEquals(notes, ["-a", "-late"]);
  },
);

onEveryServer("NatsBroker.stop() cancels an onStart() that hangs", async (server) => {
  const notes: string[] = [];
  const broker = server.broker();
  broker.onStart(() => resource("a", notes));
  const running = Promise.withResolvers<AbortSignal>();
  broker.onStart(({ signal }) => {
    running.resolve(signal);
    return never();
  });
  broker.subscriber("never", () => "");
  const started = broker.start();
  const signal = await running.promise;
  await broker.stop();
  assert(signal.aborted);
  const error = await assertRejects(() => started, ConnectionError);
  assertEquals(error.reason, "closed");
  assertEquals(notes, ["-a"]);
  assertEquals(await server.subscriptions(), 0);
});

onEveryServer(
  "NatsBroker.stop() ends in its time when onStop() hangs or throws, and tells of both",
  async (server) => {
    const notes: string[] = [];
    const broker = server.broker();
    const errors = errorsOf(broker.events());
    broker.onStart(() => resource("a", notes));
    broker.onStop(() => {
      throw new Error("stuck");
    });
    broker.onStop(never);
    await broker.start();
    const began = performance.now();
    await broker.stop({ timeout: "400ms" });
    assert(performance.now() - began < 4_000);
    assertEquals(notes, ["-a"]);
    const [hung, ...rest] = await errors;
    assert(
      /^Cannot run onStop\(\) as it must finish in time: \d+ ms have passed$/.test(hung!),
      hung,
    );
    assertEquals(rest, ["stuck"]);
  },
);

onEveryServer(
  "NatsBroker.onStop() runs at the stop if it was registered after the start, and never without a start",
  async (server) => {
    const notes: string[] = [];
    const broker = server.broker();
    broker.onStop(() => notes.push("first"));
    await broker.connect();
    await broker.stop();
    assertEquals(notes, []);
    await broker.start();
    broker.onStart(() => void notes.push("too late"));
    broker.onStop(() => notes.push("second"));
    await broker.stop();
    assertEquals(notes, ["second", "first"]);
  },
);

onEveryServer(
  "NatsBroker.start() and stop() end in their time where a hook waits for them",
  async (server) => {
    const notes: string[] = [];
    const broker = server.broker({ startTimeout: "200ms" });
    broker.onStart(() => broker.start());
    await assertRejects(() => broker.start(), TimeoutError, "run onStart()");
    const other = server.broker();
    const errors = errorsOf(other.events());
    other.onStart(() => resource("a", notes)).onStop(() => other.stop());
    await other.start();
    await other.stop({ timeout: "200ms" });
    assertEquals([notes, (await errors).length], [["-a"], 1]);
  },
);

onEveryServer(
  "NatsBroker.onStart() may register subscribers, which are started with all others",
  async (server) => {
    const broker = server.broker();
    broker.onStart(() => void broker.subscriber("late", () => "there"));
    await broker.start();
    assertEquals((await broker.request("late")).body, "there");
  },
);

onEveryServer(
  "NatsBroker.onStart() lasts until the stop where a later part of the start fails",
  async (server) => {
    const notes: string[] = [];
    const broker = server.broker({ as: GUEST });
    broker.onStart(() => resource("a", notes));
    broker.subscriber("forbidden", () => "");
    await assertRejects(() => broker.start(), PermissionError);
    assertEquals(notes, []);
    await broker.stop();
    assertEquals(notes, ["-a"]);
  },
  { users: [GUEST] },
);

Deno.test("TestBroker.start() runs onStart(), and its end onStop()", async () => {
  const notes: string[] = [];
  const broker = new NatsBroker();
  broker.onStart(() => resource("a", notes));
  {
    await using _test = await TestBroker.start(broker);
    assertEquals(notes, []);
  }
  assertEquals(notes, ["-a"]);
});

Deno.test("NatsRouter.onStart() and onStop() take nothing but functions and resources", () => {
  const router = new NatsRouter();
  class Pool {}
  for (const wrong of [undefined, null, "text", 5, {}, Pool, Promise.resolve()]) {
    assertThrows(() => router.onStart(wrong as never), TypeError, "Cannot run it at the start as");
    assertThrows(() => router.onStop(wrong as never), TypeError, "Cannot run it at the stop as");
  }
  assertThrows(
    () => router.onStop({} as never),
    TypeError,
    "it must be a function, or have a Symbol.asyncDispose or a Symbol.dispose: [object Object]",
  );
});

onEveryServer(
  "NatsBroker.onStart() and onStop() that throw no error are told by what they threw",
  async (server) => {
    const broker = server.broker();
    const errors = errorsOf(broker.events());
    broker.onStop(() => Promise.reject(undefined));
    await broker.start();
    await broker.stop();
    assertEquals(await errors, ["Cannot run onStop() as it threw undefined"]);
    broker.onStart(() => Promise.reject("no pool"));
    const error = await assertRejects(() => broker.start(), Error);
    assertEquals(error.message, 'Cannot run onStart() as it threw "no pool"');
  },
);
