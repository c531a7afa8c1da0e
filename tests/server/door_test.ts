import { ConnectionError, NatsBroker, NoRespondersError, TimeoutError } from "@signalbox/nats";
import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { type BrokerAccess, type Door, register, source } from "../../src/door/mod.ts";
import { onEveryServer } from "../support/backends.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const encoder = new TextEncoder();
const textOf = (data: Uint8Array) => new TextDecoder().decode(data);

/** A door that notes what it is told. */
function noting(notes: string[], name: string, others: Partial<Door> = {}): Door {
  return {
    name,
    start: () => void notes.push(`${name} starts`),
    stop: () => void notes.push(`${name} stops`),
    ...others,
  };
}

onEveryServer(
  "register() has doors start in order, once all is subscribed, and stop in the reverse order",
  async (server) => {
    const notes: string[] = [];
    const broker = server.broker();
    broker.subscriber("echo", ({ body }) => body);
    const access = register(
      broker,
      noting(notes, "one", {
        start: async (access) => {
          const { body } = await access.request("echo", encoder.encode("1"));
          notes.push(`one starts with ${body}`);
        },
      }),
    );
    register(broker, noting(notes, "two", { stop: () => access.flush() }));
    await broker.start();
    assertEquals(notes, ["one starts with 1", "two starts"]);
    await broker.stop();
    assertEquals(notes, ["one starts with 1", "two starts", "one stops"]);
    await broker.start();
    await broker.stop();
    assertEquals(notes.slice(3), ["one starts with 1", "two starts", "one stops"]);
  },
);

onEveryServer(
  "A door leaves while the connection is open, also one that has not started",
  async (server) => {
    const notes: string[] = [];
    const broker = server.broker();
    const access: BrokerAccess = register(
      broker,
      noting(notes, "one", {
        leave: async () => {
          await access.flush();
          notes.push("one leaves");
        },
      }),
    );
    await broker.connect();
    await broker.stop();
    assertEquals(notes, ["one leaves"]);
    await broker.start();
    await broker.stop();
    assertEquals(notes, ["one leaves", "one starts", "one stops", "one leaves"]);
  },
);

onEveryServer(
  "A door's own messages have no header of ours and pass no middleware",
  async (server) => {
    const [broker, peer] = [server.broker(), server.broker()];
    const passed: string[] = [];
    broker.use({
      publish: ({ subject }, next) => {
        passed.push(subject);
        return next();
      },
    });
    const access = register(broker, { name: "raw" });
    const seen: unknown[] = [];
    peer.subscriber("api.{verb}", ({ headers, data, params }) => {
      seen.push([params.verb, textOf(data), [...headers]]);
      return "done";
    });
    await peer.start();
    await broker.start();
    const answer = await access.request("api.create", encoder.encode("{}"), {
      headers: { "Nats-Expected-Stream": "A" },
    });
    assertEquals(answer.body, "done");
    access.publish("api.note", encoder.encode("x"));
    await access.flush();
    await peer.flush();
    assertEquals(seen, [
      ["create", "{}", [["Nats-Expected-Stream", "A"]]],
      ["note", "x", []],
    ]);
    assertEquals(passed, []);
    await assertRejects(() => access.request("nobody.there"), NoRespondersError);
    peer.subscriber("api.mute.never", { noReply: true }, () => {});
  },
);

onEveryServer("A door subscribes by itself, to its own inboxes too", async (server) => {
  const broker = server.broker({ inboxPrefix: "_DOOR" });
  const access = register(broker, { name: "raw" });
  await broker.start();
  const inbox = access.newInbox();
  const came = Promise.withResolvers<string>();
  const subscription = access.subscribe(inbox, ({ data }) => came.resolve(textOf(data)));
  await access.flush();
  access.publish(inbox, encoder.encode("hello"));
  assertEquals([inbox.startsWith("_DOOR."), await came.promise], [true, "hello"]);
  await subscription.drain();
});

onEveryServer(
  "permissions() has what doors need; a user with no more can run them",
  async (server) => {
    const door: Door = {
      name: "js",
      needs: {
        publish: ["$JS.API.INFO"],
        subscribe: [{ subject: "adv.>" }, { subject: "w", queue: "g" }],
      },
      describe: () => ({ streams: ["ORDERS"] }),
      stats: () => ({ published: 3 }),
    };
    const broker = server.broker({ inboxPrefix: "_DOOR" });
    register(broker, door);
    broker.publisher("orders.{id}");
    const { publish, subscribe } = broker.permissions();
    assertEquals(publish, ["$JS.API.INFO", "orders.*"]);
    assertEquals(subscribe, ["_DOOR.>", "adv.>", "w g"]);
    assertEquals(broker.describe(), {
      server: undefined,
      handlers: [],
      readers: [],
      sessions: [],
      publishers: [{ pattern: "orders.{id}", schemas: {} }],
      sources: [],
      doors: [{ name: "js", details: { streams: ["ORDERS"] } }],
    });
    assertEquals(broker.stats(), {
      handlers: [],
      readers: [],
      sessions: [],
      doors: [{ name: "js", counts: { published: 3 } }],
    });
    await broker.stop();
  },
);

onEveryServer(
  "A door that fails or hangs at stop() keeps no broker from stopping",
  async (server) => {
    const broker = server.broker();
    const notes: string[] = [];
    register(broker, noting(notes, "last"));
    register(broker, { name: "failing", stop: () => Promise.reject(new Error("broken")) });
    register(broker, { name: "hanging", stop: () => new Promise(() => {}) });
    const errors: Error[] = [];
    await broker.start();
    const events = broker.events();
    const reading = (async () => {
      for await (const event of events) if (event.type === "error") errors.push(event.error);
    })();
    await broker.stop({ timeout: 400 });
    await reading;
    assertEquals(notes.at(-1), "last stops");
    assertInstanceOf(errors[0], TimeoutError);
    assertEquals(errors[1]!.message, "broken");
  },
);

onEveryServer(
  "A door learns of outages, and of the end, and reports errors as events",
  async (server) => {
    const broker = server.broker();
    let access: BrokerAccess | undefined;
    const changes: string[] = [];
    const door: Door = {
      name: "watch",
      start: (given) => {
        access = given;
        given.onConnection((change) => changes.push(change));
      },
    };
    register(broker, door);
    assertThrows(() => register(broker, door), TypeError, "its name must be unused");
    await broker.start();
    const events = broker.events();
    access!.report(new Error("of the door"), "some.subject");
    const { value } = await events.next();
    assertEquals(value.type === "error" && [value.error.message, value.subject], [
      "of the door",
      "some.subject",
    ]);
    await events.return!();
    await broker.stop();
    assertEquals(changes, ["closed"]);
  },
);

onEveryServer("A door that is registered with a running broker starts at once", async (server) => {
  const broker = server.broker();
  await broker.start();
  const notes: string[] = [];
  register(broker, noting(notes, "late"));
  await until("it has started", () => notes.includes("late starts"));
  const errors = recorded(broker);
  register(broker, { name: "broken", start: () => Promise.reject(new Error("broken")) });
  await until("the failure is reported", () => errorsIn(errors).length === 1);
  await broker.stop();
  assertEquals(notes, ["late starts", "late stops"]);
});

onEveryServer(
  "A door that is registered at any moment of the end of a start is started once",
  async (server) => {
    const starts: number[] = [];
    for (let turns = 0; turns < 40; turns++) {
      const broker = server.broker();
      let starting = 0;
      const late = { name: "late", start: () => void starting++ };
      const registerLate = async () => {
        for (let turn = 0; turn < turns; turn++) await undefined;
        register(broker, late);
      };
      let registered = Promise.resolve();
      register(broker, { name: "first", start: () => void (registered = registerLate()) });
      await broker.start();
      await registered;
      await broker.ping();
      await broker.stop();
      starts.push(starting);
    }
    assertEquals(starts, starts.map(() => 1));
  },
);

onEveryServer(
  "A door that is registered during a stop waits for the next start",
  async (server) => {
    const broker = server.broker();
    const notes: string[] = [];
    const [called, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    broker.subscriber("slow", () => {
      called.resolve();
      return held.promise;
    });
    await broker.start();
    await broker.publish("slow");
    await called.promise;
    const stopping = broker.stop();
    register(broker, noting(notes, "late"));
    held.resolve();
    await stopping;
    assertEquals(notes, []);
    await broker.start();
    await broker.stop();
    assertEquals(notes, ["late starts", "late stops"]);
  },
);

onEveryServer(
  "A door behind one that hangs is not started once the broker stops",
  async (server) => {
    const broker = server.broker();
    const notes: string[] = [];
    const held = Promise.withResolvers<void>();
    let mayStart = false;
    register(broker, { name: "slow", start: () => mayStart ? undefined : held.promise });
    register(broker, noting(notes, "behind"));
    const starting = assertRejects(() => broker.start(), ConnectionError);
    await until("it is connected", () => broker.ping().then(() => true, () => false));
    await broker.stop({ timeout: 1_000 });
    await starting;
    mayStart = true;
    held.resolve();
    await broker.start();
    assertEquals(notes, ["behind starts"]);
    await broker.stop();
  },
);

onEveryServer(
  "A door whose first start fails behind a stop and a new start is still stopped",
  async (server) => {
    const broker = server.broker();
    const first = Promise.withResolvers<void>();
    const notes: string[] = [];
    const starts = [first.promise, undefined];
    register(broker, noting(notes, "slow", { start: () => starts.shift() }));
    const starting = assertRejects(() => broker.start(), ConnectionError);
    await until("its first start waits", () => starts.length === 1);
    await broker.stop({ timeout: 1_000 });
    await starting;
    await broker.start();
    first.reject(new Error("too late"));
    await broker.ping();
    await broker.stop();
    assertEquals(notes, ["slow stops", "slow stops"]);
  },
);

onEveryServer(
  "A door whose start has failed is started again by the next start()",
  async (server) => {
    const broker = server.broker();
    let starts = 0;
    const start = () => {
      if (++starts === 1) throw new Error("not yet");
    };
    register(broker, { name: "moody", start });
    await assertRejects(() => broker.start(), Error, "not yet");
    await broker.start();
    assertEquals(starts, 2);
    await broker.stop();
  },
);

Deno.test("register() and source() say what is no door and no source", () => {
  const broker = new NatsBroker();
  assertThrows(() => register(broker, {} as never), TypeError, "must have a name: undefined");
  const door = { name: "d", start: 5 } as never;
  assertThrows(() => register(broker, door), TypeError, `its "start" must be a function: 5`);
  assertThrows(() => source("s", {} as never), TypeError, "must have a pattern and open()");
});

Deno.test("register() is for a broker that is not connected yet, too", () => {
  const access = register(new NatsBroker(), { name: "idle" });
  assertEquals(typeof access.newInbox(), "string");
});
