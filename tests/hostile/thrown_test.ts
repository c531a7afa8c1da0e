import { type BrokerEvent, RemoteError, type Schema } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { within } from "../support/within.ts";

/** Throws again whenever it is looked at. */
function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

const thrown: Readonly<Record<string, () => unknown>> = {
  nothing: () => undefined,
  text: () => "\x1b[2J",
  symbol: () => Symbol("why"),
  bare: () => Object.create(null),
  proxy: () => revoked({}),
  error: () => revoked(new Error("why")),
  getter: () =>
    Object.defineProperty(new Error(), "message", {
      get() {
        throw new Error("a getter's own");
      },
    }),
  rejected: () => Promise.reject(new Error("nobody awaits it")),
};

onEveryServer("NatsBroker.subscriber() answers whatever a handler throws", async (at) => {
  const broker = at.broker();
  const errors: (BrokerEvent & { type: "error" })[] = [];
  for (const [name, make] of Object.entries(thrown)) {
    broker.subscriber(`value.${name}`, () => {
      throw make();
    });
    broker.subscriber(`promise.${name}`, async () => {
      await Promise.resolve();
      throw make();
    });
    broker.subscriber(`filter.${name}`, {
      filter: () => {
        throw make();
      },
    }, () => "not reached");
    // deno-lint-ignore require-yield
    broker.subscriber(`stream.${name}`, async function* () {
      throw make();
    });
  }
  await broker.start();
  const events = broker.events();
  const listening = (async () => {
    for await (const event of events) if (event.type === "error") errors.push(event);
  })();
  for (const kind of ["value", "promise", "filter", "stream"]) {
    for (const name of Object.keys(thrown)) {
      const subject = `${kind}.${name}`;
      const error = await assertRejects(
        () => within(subject, broker.request(subject)),
        RemoteError,
      );
      assertEquals(error.code, 500, subject);
    }
  }
  await broker.stop();
  await listening;
  const kinds = 4 * Object.keys(thrown).length;
  assertEquals(errors.filter(({ subject, pattern }) => subject && pattern).length, kinds);
  for (const { error } of errors) assertEquals(typeof `${error.name}${error.message}`, "string");
});

onEveryServer("NatsBroker logs why a reply could not be sent", async (at) => {
  const broker = at.broker();
  broker.subscriber("map", () => ({ items: new Map() }));
  await broker.start();
  const events = broker.events();
  await assertRejects(() => broker.request("map"), RemoteError, "cannot be sent");
  const { value } = await events.next();
  assert(value?.type === "error");
  assertStringIncludes(value.error.message, "body.items is a Map");
});

onEveryServer("NatsBroker tells a peer nothing of what another service sent", async (at) => {
  const broker = at.broker();
  const strict: Schema<number> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) => ({ issues: [{ message: `received ${JSON.stringify(value)}` }] }),
    },
  };
  broker.subscriber("ledger", () => "internal-secret");
  broker.session("desk", async () => {
    await broker.request("ledger", undefined, { schema: strict });
  });
  broker.subscriber("ask", async () => {
    await broker.request("ledger", undefined, { schema: strict });
  });
  await broker.start();
  await using session = await broker.openSession("desk");
  const ended = await assertRejects(() => within("the end", session.next()), RemoteError);
  const answer = await assertRejects(() => broker.request("ask"), RemoteError);
  for (const error of [ended, answer]) {
    assertEquals(error.code, 500);
    assert(!Deno.inspect(error).includes("internal-secret"));
  }
});

onEveryServer("NatsBroker.request() rejects with whatever a schema throws", async (at) => {
  const broker = at.broker();
  broker.subscriber("ask", () => 1);
  broker.subscriber("count", async function* () {
    yield await Promise.resolve(1);
  });
  broker.session("desk", async (session) => await session.send(1));
  await broker.start();
  for (const make of [() => revoked({}), () => revoked(new Error("why")), thrown.getter!]) {
    for (const isAsync of [false, true]) {
      const fault = make();
      const schema: Schema<number> = {
        "~standard": {
          version: 1,
          vendor: "test",
          validate: () => {
            if (isAsync) return Promise.reject(fault);
            throw fault;
          },
        },
      };
      const rejects = async (what: string, ask: () => Promise<unknown>) => {
        const settled = ask().then(() => "resolved", (reason) => reason === fault);
        assertEquals(await within(what, settled), true, what);
      };
      await rejects("request", () => broker.request("ask", undefined, { schema }));
      await rejects("requestMany", async () => {
        for await (const _ of broker.requestMany("ask", undefined, { schema, max: 1 }));
      });
      await rejects("requestStream", async () => {
        for await (const _ of broker.requestStream("count", undefined, { schema }));
      });
      await rejects("session", async () => {
        await using session = await broker.openSession("desk", undefined, { schema });
        await session.next();
      });
    }
  }
});

onEveryServer("NatsBroker.openSession() ends whatever reason it is left for", async (at) => {
  const broker = at.broker();
  broker.session("desk", async (session) => {
    for await (const { body } of session) await session.send(body);
  });
  await broker.start();
  for (const make of [() => revoked({}), () => revoked(new Error("why")), thrown.getter!]) {
    const left = await broker.openSession("desk");
    left.abort(make());
    assertEquals(await within("abort()", left.closed), "cancelled");
    const controller = new AbortController();
    const cut = await broker.openSession("desk", undefined, { signal: controller.signal });
    controller.abort(make());
    assertEquals(await within("the signal", cut.closed), "cancelled");
  }
});
