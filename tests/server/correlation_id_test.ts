import type { NatsBroker } from "@signalbox/nats";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { register } from "../../src/door/mod.ts";
import { onEveryServer } from "../support/backends.ts";

/** Errors as events, and what to do until one comes. */
function errorsOf(broker: { events(): AsyncIterableIterator<unknown> }): Promise<string> {
  const events = broker.events();
  return (async () => {
    for await (const event of events) {
      const { type, error } = event as { type: string; error?: Error };
      if (type === "error") return error!.message;
    }
    return "none";
  })();
}

onEveryServer(
  "NatsBroker's correlationId makes the id of everything that begins a piece of work, and none within one",
  async (server) => {
    let made = 0;
    const broker = server.broker({ correlationId: () => `work-${++made}` });
    const ids: (string | undefined)[] = [];
    broker.subscriber("first", async ({ correlationId }) => {
      ids.push(correlationId);
      await broker.request("second");
    });
    broker.subscriber("second", ({ correlationId }) => void ids.push(correlationId));
    broker.subscriber("parts", async function* ({ correlationId }) {
      yield correlationId;
    });
    broker.session("desk", async (session) => {
      // what a handler sends is part of its work
      await broker.request("second");
      await session.send("done");
    });
    await broker.start();
    await broker.request("first");
    assertEquals(ids.splice(0), ["work-1", "work-1"]);
    await broker.publish("second");
    await broker.publish("second", undefined, { correlationId: "mine" });
    await broker.flush();
    await broker.request("second");
    assertEquals(ids, ["work-2", "mine", "work-3"]);
    for await (const { body } of broker.requestStream("parts")) assertEquals(body, "work-4");
    const many = broker.requestMany("parts", undefined, { max: 1 });
    await many.next();
    assertEquals(made, 5);
    await using session = await broker.openSession("desk");
    const welcome = await session.next();
    assertEquals([welcome?.body, welcome?.correlationId], ["done", "work-6"]);
    assertEquals(ids.at(-1), "work-6");
    await broker.publisher("second").publish();
    await broker.flush();
    assertEquals([ids.at(-1), made], ["work-7", 7]);
  },
);

onEveryServer("NatsBroker's correlationId names no inbox", async (server) => {
  const broker = server.broker({ correlationId: () => "same" });
  await broker.start();
  const names = [await broker.newInbox(), await broker.newInbox()];
  await using inbox = await broker.openInbox();
  for (const name of [...names, inbox.subject]) assertMatch(name, /^_INBOX\.\w{22}$/);
  assertEquals(new Set([...names, inbox.subject]).size, 3);
  broker.subscriber("who", ({ replyTo }) => replyTo);
  await broker.start();
  const answers = await Promise.all([broker.request("who"), broker.request("who")]);
  const [one, other] = answers.map(({ body }) => body);
  assert(one !== other && !`${one}${other}`.includes("same"));
});

const CANNOT = 'Cannot make a correlation id as "correlationId" must ';
const ONE_LINE = "give one line of 1 to 256 bytes";

const WRONG: readonly [make: () => unknown, sentence: string][] = [
  [() => "", `${CANNOT}${ONE_LINE}: ""`],
  [() => "two\nlines", `${CANNOT}${ONE_LINE}: "two\\nlines"`],
  [() => "ü".repeat(129), `${CANNOT}${ONE_LINE}: "${"ü".repeat(129)}"`],
  [() => 7, `${CANNOT}${ONE_LINE}: 7`],
  [() => undefined, `${CANNOT}${ONE_LINE}: undefined`],
  [() => Promise.reject(new Error("late")), `${CANNOT}${ONE_LINE}: [object Promise]`],
  [() => {
    throw new Error("no ids left");
  }, `${CANNOT}not throw: no ids left`],
];

onEveryServer(
  "NatsBroker's correlationId rejects what was to be sent if its id is wrong, and one event tells of a publication",
  async (server) => {
    for (const [make, sentence] of WRONG) {
      const broker = server.broker({ correlationId: make as () => string });
      const errors = errorsOf(broker);
      await broker.start();
      const calls = [
        () => broker.publish("a"),
        () => broker.request("a"),
        async () => await broker.requestMany("a").next(),
        async () => await broker.requestStream("a").next(), // throws at once, as for a wrong subject
        () => broker.openSession("a"),
      ];
      for (const call of calls) {
        const error = await assertRejects(call, TypeError);
        assertEquals(error.message, sentence);
      }
      assertEquals(await errors, sentence);
      await broker.stop();
    }
  },
);

onEveryServer(
  "NatsBroker's correlationId leaves no message unanswered that came without an id",
  async (server) => {
    const caller = server.broker({ correlationId: () => "asked" });
    const raw = register(caller, { name: "raw" });
    await caller.start();
    await using inbox = await caller.openInbox();
    for (const [make, id] of [[() => "given", /^given$/], [() => "", /^\w{22}$/]] as const) {
      const broker = server.broker({ correlationId: make });
      const errors = errorsOf(broker);
      broker.subscriber("bare", () => "answer");
      await broker.start();
      // no header at all
      raw.publish("bare", new Uint8Array(), { replyTo: inbox.subject });
      const answer = await inbox.next();
      assertEquals(answer?.body, "answer");
      assertMatch(answer!.correlationId!, id);
      await broker.stop();
      assertEquals(await errors, make() === "" ? `${CANNOT}${ONE_LINE}: ""` : "none");
    }
  },
);

onEveryServer(
  "NatsBroker.publish() and all that send refuse a correlationId that its receiver would drop",
  async (server) => {
    const broker = server.broker();
    const heard = broker.subscriber("a");
    await broker.start();
    for (const correlationId of ["", "a\tb", "x".repeat(257), "é".repeat(129)]) {
      const options = { correlationId };
      const rule = '"correlationId" must be one line of 1 to 256 bytes';
      await assertRejects(() => broker.publish("a", 1, options), TypeError, rule);
      await assertRejects(() => broker.publisher("a").publish(1, options), TypeError, rule);
      await assertRejects(() => broker.request("a", 1, options), TypeError, rule);
      assertThrows(() => broker.requestMany("a", 1, options), TypeError, rule);
      assertThrows(() => broker.requestStream("a", 1, options), TypeError, rule);
      await assertRejects(() => broker.openSession("a", 1, options), TypeError, rule);
    }
    const longest = "é".repeat(128);
    await broker.publish("a", 1, { correlationId: longest });
    assertEquals((await heard.next())?.correlationId, longest);
  },
);

onEveryServer(
  "NatsBroker.use() refuses a draft whose correlationId its receiver would drop",
  async (server) => {
    const broker = server.broker();
    broker.use({
      publish: (draft, next) => next({ ...draft, correlationId: "x".repeat(257) }),
    });
    await broker.connect();
    const rule = '"correlationId" must be one line of 1 to 256 bytes';
    await assertRejects(() => broker.publish("a", 1), TypeError, rule);
  },
);

onEveryServer(
  "NatsBroker's correlationId that throws no error is told by its value",
  async (server) => {
    const broker = server.broker({
      correlationId: () => {
        throw null;
      },
    });
    await broker.connect();
    await assertRejects(() => broker.publish("a", 1), TypeError, "must not throw: it threw null");
  },
);

onEveryServer(
  "NatsBroker's correlationId that sends is refused, and not called anew",
  async (server) => {
    const inner: Promise<unknown>[] = [];
    const broker: NatsBroker = server.broker({
      correlationId: () => {
        inner.push(assertRejects(() => broker.publish("b", 1), TypeError, "must not send: it did"));
        return "one";
      },
    });
    const heard = broker.subscriber("a");
    await broker.start();
    for (const body of [1, 2]) {
      await broker.publish("a", body);
      assertEquals((await heard.next())?.correlationId, "one");
    }
    await Promise.all(inner);
    assertEquals(inner.length, 2);
  },
);

onEveryServer(
  "NatsBroker.publish() from what a handler left running sends the id of the handler's message",
  async (server) => {
    let made = 0;
    const broker = server.broker({ correlationId: () => `work-${++made}` });
    const other = server.broker({ correlationId: () => "theirs" });
    const ids: (string | undefined)[] = [];
    broker.subscriber("late", ({ correlationId }) => void ids.push(correlationId));
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const left: Promise<void>[] = [];
    broker.subscriber("early", () => {
      left.push(over.then(() => broker.publish("late")).then(() => broker.publish("late")));
    });
    await broker.start();
    await other.start();
    await other.request("early");
    const raw = register(other, { name: "raw" });
    raw.publish("early");
    await raw.flush();
    await broker.flush();
    end();
    await Promise.all(left);
    await broker.flush();
    assertEquals(ids.toSorted(), ["theirs", "theirs", "work-1", "work-1"]);
  },
);
