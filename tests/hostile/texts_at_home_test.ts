import {
  type BrokerEvent,
  type NatsBroker,
  RemoteError,
  ReplyError,
  type Schema,
  TimeoutError,
} from "@signalbox/nats";
import { mapErrors } from "@signalbox/nats/middleware";
import { connect } from "@nats-io/transport-deno";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { within } from "../support/within.ts";

const SECRET = "internal-secret";

function schemaOf(validate: Schema<unknown>["~standard"]["validate"]): Schema<unknown, unknown> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

const repeats = (value: unknown) => ({
  issues: [{ message: `received ${JSON.stringify(value)}`, path: ["balance"] }],
});
/** Fits nothing, and says what it was given. */
const strict = schemaOf(repeats);
const strictLater = schemaOf((value) => Promise.resolve(repeats(value)));

const slow = schemaOf(async (value) => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  return repeats(value);
});

/** What goes wrong between a service and others, of which its caller is to hear nothing. */
const mishaps: Readonly<Record<string, (broker: NatsBroker) => Promise<unknown>>> = {
  "a reply that does not fit": (broker) => broker.request("ledger", null, { schema: strict }),
  "one that does not fit later": (broker) =>
    broker.request("ledger", null, { schema: strictLater }),
  "a reply that does not decode": async (broker) => (await broker.request("broken")).body,
  "another's error": (broker) => broker.request("refuses"),
  "a body that cannot be sent": (broker) => broker.publish("ledger", { [SECRET]: new Map() }),
  "a subject that cannot be": (broker) => broker.publish(`ledger ${SECRET}`),
  "a part that does not fit": async (broker) => {
    for await (const _ of broker.requestStream("parts", null, { schema: strict })) { /* none */ }
  },
  "a message of another session": async (broker) => {
    await using session = await broker.openSession("talk", null, { schema: strict });
    await session.next();
  },
  "what another session may not send": async (broker) => {
    await using session = await broker.openSession("talk", null, { sendSchema: strict });
    await session.send(SECRET);
  },
  "another session's end": async (broker) => {
    await using session = await broker.openSession("hangup");
    await session.next();
  },
};

/** A service that asks others, and their mishaps by the name that a request gives. */
async function withService(
  at: Pick<Backend, "broker">,
  behaviour: (broker: NatsBroker, errors: (BrokerEvent & { type: "error" })[]) => Promise<void>,
): Promise<void> {
  const broker = at.broker();
  const fail = (body: unknown) => mishaps[String(body)]!(broker);
  const failing = schemaOf(async (body) => {
    await fail(body);
    return { value: body };
  });
  broker.subscriber("ledger", () => SECRET);
  broker.subscriber("broken", () => new Response());
  broker.subscriber("refuses", () => {
    throw new ReplyError(409, SECRET, { [SECRET]: 1 });
  });
  broker.subscriber("parts", async function* () {
    yield SECRET;
  });
  broker.session("talk", async (session) => {
    await session.send(SECRET);
    await session.next();
  });
  broker.session("hangup", (session) => session.abort(SECRET));
  broker.subscriber("ask", async ({ body }) => await fail(body));
  broker.subscriber("mapped", { middleware: [mapErrors((error) => error)] }, async ({ body }) => {
    await fail(body);
  });
  broker.subscriber("stream", async function* ({ body }) {
    await fail(body);
    yield 1;
  });
  broker.subscriber("stream.later", async function* ({ body }) {
    yield 1;
    await fail(body);
  });
  broker.subscriber("validated", { schema: failing }, () => "not reached");
  broker.session("desk", async ({ opening }) => void await fail(opening.body));
  broker.session("desk.said", async (session) => {
    await session.send("hello");
    await fail((await session.next())?.body);
  });
  broker.session("desk.opening", { openingSchema: failing }, () => {});
  broker.session("desk.schema", { schema: failing }, async (session) => {
    for await (const _ of session) { /* none */ }
  });
  await broker.start();
  const events = broker.events();
  const errors: (BrokerEvent & { type: "error" })[] = [];
  const listening = (async () => {
    for await (const event of events) if (event.type === "error") errors.push(event);
  })();
  await behaviour(broker, errors);
  await broker.stop();
  await listening;
}

/** Each way to ask: resolves or rejects with what the caller hears. */
const asks: Readonly<Record<string, (caller: NatsBroker, name: string) => Promise<unknown>>> = {
  ask: (caller, name) => caller.request("ask", name),
  mapped: (caller, name) => caller.request("mapped", name),
  validated: (caller, name) => caller.request("validated", name),
  stream: (caller, name) => Array.fromAsync(caller.requestStream("stream", name)),
  "stream.later": (caller, name) => Array.fromAsync(caller.requestStream("stream.later", name)),
  desk: async (caller, name) => {
    await using session = await caller.openSession("desk", name);
    await session.next();
  },
  "desk.said": async (caller, name) => {
    await using session = await caller.openSession("desk.said");
    await session.next();
    await session.send(name);
    await session.next();
  },
  "desk.opening": (caller, name) => caller.openSession("desk.opening", name),
  "desk.schema": async (caller, name) => {
    await using session = await caller.openSession("desk.schema");
    await session.send(name);
    await session.next();
  },
};

for (const [subject, ask] of Object.entries(asks)) {
  onEveryServer(
    `NatsBroker tells a caller of "${subject}" nothing of what others sent`,
    async (at) => {
      await withService(at, async (_, errors) => {
        await using caller = at.broker();
        await caller.connect();
        for (const name of Object.keys(mishaps)) {
          errors.length = 0;
          const error = await assertRejects(() => within(name, ask(caller, name)), RemoteError);
          const told = Deno.inspect(error, { depth: 9 }).replaceAll(name, "");
          assertEquals([error.code, error.description], [500, "Internal error"], name);
          assert(!told.includes(SECRET), `${name}: ${told}`);
          const event = errors.find((event) => event.subject === subject);
          assert(event, `nothing is in the log of: ${name}`);
          assertEquals([event.pattern, typeof event.correlationId], [subject, "string"], name);
        }
      });
    },
  );
}

onEveryServer(
  "NatsBroker tells a plain caller of a stream nothing of what others sent",
  async (at) => {
    await withService(at, async () => {
      const client = await connect({ servers: at.url });
      try {
        for (const name of Object.keys(mishaps)) {
          const answer = await client.request("stream", name, { timeout: 5_000 });
          assertEquals(answer.headers?.get("Nats-Service-Error-Code"), "500", name);
          assert(!`${answer.headers}${answer.string()}`.includes(SECRET), name);
        }
      } finally {
        await client.close();
      }
    });
  },
);

onEveryServer(
  "NatsBroker.session() tells a peer what is wrong with its own messages",
  async (at) => {
    const broker = at.broker();
    broker.session("own", { schema: slow }, async (session) => {
      // looked at before the schema has been, and again afterwards
      await session.next({ timeout: 20 }).catch((error) => {
        if (!(error instanceof TimeoutError)) throw error;
      });
      await session.next();
    });
    broker.session("first", { schema: strict }, async (session) => void await session.next());
    broker.session("relay", { schema: strict }, async (session) => {
      await using other = await broker.openSession("talk");
      await other.next();
      await session.next();
    });
    broker.session("talk", async (session) => {
      await session.send(SECRET);
      await session.next();
    });
    broker.session("word", () => {
      throw new ReplyError(418, "my own word", { tea: true });
    });
    await broker.start();
    await using caller = at.broker();
    await caller.connect();
    for (const subject of ["own", "first", "relay"]) {
      await using session = await caller.openSession(subject);
      await session.send("mine");
      const error = await assertRejects(() => within("the end", session.next()), RemoteError);
      assertEquals(error.code, 400, subject);
      assertStringIncludes(error.description, 'received "mine"');
      assertEquals(error.data, { issues: [{ message: 'received "mine"', path: ["balance"] }] });
    }
    await using session = await caller.openSession("word");
    const error = await assertRejects(() => within("the end", session.next()), RemoteError);
    assertEquals([error.code, error.description, error.data], [418, "my own word", { tea: true }]);
    await broker.stop();
  },
);

onEveryServer(
  "NatsBroker.session() tells the peer of one session nothing of another's messages",
  async (at) => {
    const broker = at.broker();
    const arrived = Promise.withResolvers<() => Promise<unknown>>();
    const done = Promise.withResolvers<void>();
    broker.session("secret", { schema: strict }, async (session) => {
      arrived.resolve(() => session.next());
      await done.promise;
    });
    broker.session("curious", async () => {
      await (await arrived.promise)();
    });
    await broker.start();
    await using caller = at.broker();
    await caller.connect();
    await using secret = await caller.openSession("secret");
    await secret.send(SECRET);
    await using curious = await caller.openSession("curious");
    const error = await assertRejects(() => within("the end", curious.next()), RemoteError);
    assertEquals([error.code, error.description, error.data], [500, "Internal error", {
      code: 500,
      description: "Internal error",
    }]);
    done.resolve();
    await secret.next().catch(() => {});
    await broker.stop();
  },
);
