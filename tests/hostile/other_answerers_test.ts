import {
  type Answers,
  LinkError,
  NatsBroker,
  NoRespondersError,
  RemoteError,
  type ReplyStream,
  TimeoutError,
  ValidationError,
} from "@signalbox/nats";
import {
  connect,
  headers,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
} from "@nats-io/transport-deno";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { aText } from "../support/schemas.ts";
import { within } from "../support/within.ts";

/** A client of others, that answers as it is told to. */
async function foreign(
  at: Pick<Backend, "url">,
  subject: string,
  answer: (question: Msg, client: NatsConnection) => void | Promise<void>,
): Promise<NatsConnection & AsyncDisposable> {
  const client = await connect({ servers: at.url });
  client.subscribe(subject, { callback: (_, message) => void answer(message, client) });
  await client.flush();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** Parts, and the end of ADR-47. */
function parted(count: number): (question: Msg) => void {
  return (question) => {
    for (let n = 1; n <= count; n++) question.respond(String(n));
    question.respond();
  };
}

async function bodiesOf(answers: Answers): Promise<unknown[]> {
  return await within("the answers", Array.fromAsync(answers, ({ body }) => body));
}

async function partsOf(stream: ReplyStream): Promise<unknown[]> {
  return await within("the parts", Array.fromAsync(stream, ({ body }) => body));
}

function failed(code: number, text: string): MsgHdrs {
  const fields = headers();
  fields.set("Nats-Service-Error-Code", String(code));
  fields.set("Nats-Service-Error", text);
  return fields;
}

function serve(service: NatsBroker): void {
  service.subscriber("svc.count", async function* () {
    yield* [1, 2, 3];
  });
  service.session("svc.talk", async (session) => {
    await session.send("hello");
    for await (const { body } of session) await session.send(body);
  });
}

async function assertServed(broker: NatsBroker): Promise<void> {
  await broker.connect();
  const stream = broker.requestStream("svc.count");
  assertEquals([await partsOf(stream), await stream.closed], [[1, 2, 3], "complete"]);
  const session = await broker.openSession("svc.talk");
  await session.send("again");
  await session.end();
  const heard = await within("the session", Array.fromAsync(session, ({ body }) => body));
  assertEquals([heard, await session.closed], [["hello", "again"], "complete"]);
}

onEveryServer("NatsBroker.requestMany() ends with the message that says so", async (at) => {
  const broker = at.broker();
  await broker.connect();
  await using _client = await foreign(at, "parts.*", (question) => {
    parted(Number(question.subject.slice("parts.".length)))(question);
  });
  for (const count of [0, 1, 5, 1_500]) {
    const answers = broker.requestMany(`parts.${count}`, null, { sentinel: true });
    assertEquals(await bodiesOf(answers), Array.from({ length: count }, (_, at) => at + 1));
    assertEquals(await answers.closed, "sentinel");
  }
  const third = broker.requestMany("parts.5", null, { sentinel: ({ body }) => body === 3 });
  assertEquals([await bodiesOf(third), await third.closed], [[1, 2], "sentinel"]);
  const all = broker.requestMany("parts.2", null, { sentinel: false, max: 3 });
  assertEquals([await bodiesOf(all), await all.closed], [[1, 2, undefined], "max"]);
  const none = broker.requestMany("nobody", null, { sentinel: true });
  await assertRejects(() => bodiesOf(none), NoRespondersError);
});

onEveryServer(
  "NatsBroker.requestMany() is not ended by an empty answer with headers",
  async (at) => {
    const broker = at.broker();
    broker.subscriber("audit", () => {});
    await broker.start();
    await using _client = await foreign(at, "audit", (question) => {
      const fields = headers();
      fields.set("X-Mark", "1");
      question.respond("", { headers: fields });
    });
    const answers = broker.requestMany("audit", null, { sentinel: true, max: 2 });
    assertEquals([await bodiesOf(answers), await answers.closed], [[undefined, undefined], "max"]);
  },
);

onEveryServer("NatsBroker.requestMany() throws what its sentinel throws", async (at) => {
  const broker = at.broker();
  broker.subscriber("one", () => 1);
  await broker.start();
  const broken = new RangeError("a sentinel that breaks");
  const answers = broker.requestMany("one", null, {
    sentinel: () => {
      throw broken;
    },
  });
  assertEquals(await assertRejects(() => bodiesOf(answers)), broken);
  assertEquals(await answers.closed, "cancelled");
  // deno-lint-ignore no-explicit-any
  const promise = broker.requestMany("one", null, { sentinel: (() => Promise.reject(1)) as any });
  await assertRejects(() => bodiesOf(promise), TypeError, '"sentinel" must give true or false');
  for (const sentinel of [1, "end", null, async () => await true]) {
    assertThrows(
      // deno-lint-ignore no-explicit-any
      () => broker.requestMany("one", null, { sentinel: sentinel as any }),
      TypeError,
      '"sentinel" must be true, false, or a function that is not async',
    );
  }
});

onEveryServer(
  "NatsBroker.requestStream() reads the parts of others up to their end",
  async (at) => {
    const broker = at.broker();
    await broker.connect();
    await using _client = await foreign(at, "parts.*", (question) => {
      parted(Number(question.subject.slice("parts.".length)))(question);
    });
    for (const count of [1, 2, 5, 1_500]) {
      const stream = broker.requestStream(`parts.${count}`);
      assertEquals(await partsOf(stream), Array.from({ length: count }, (_, at) => at + 1));
      assertEquals(await stream.closed, "complete");
    }
    await assertRejects(
      () => partsOf(broker.requestStream("parts.3", null, { schema: aText })),
      ValidationError,
    );
  },
);

onEveryServer(
  "NatsBroker.requestStream() reads slow parts of others, and their error",
  async (at) => {
    const broker = at.broker();
    await broker.connect();
    await using _client = await foreign(at, "slow", async (question) => {
      for (let n = 1; n <= 4; n++) {
        question.respond(String(n));
        await delay(150);
      }
      question.respond("", { headers: failed(422, "No such column") });
    });
    const parts: unknown[] = [];
    const stream = broker.requestStream("slow", null, { timeout: 10_000 });
    const error = await assertRejects(async () => {
      for await (const { body } of stream) parts.push(body);
    }, RemoteError);
    assertEquals([parts, error.code, await stream.closed], [[1, 2, 3, 4], 422, "error"]);
  },
);

onEveryServer(
  "NatsBroker.requestStream() takes no single answer of others for the whole",
  async (at) => {
    const broker = at.broker();
    await broker.connect();
    await using _client = await foreign(at, "one.*", (question) => {
      if (question.subject === "one.empty") question.respond();
      else question.respond("1");
    });
    const timeout = 3_000;
    const part = async () => {
      const stream = broker.requestStream("one.part", null, { timeout });
      const parts: unknown[] = [];
      await assertRejects(async () => {
        for await (const { body } of stream) parts.push(body);
      }, LinkError);
      assertEquals([parts, await stream.closed], [[1], "peer-gone"]);
    };
    const empty = async () => {
      const stream = broker.requestStream("one.empty", null, { timeout });
      await assertRejects(() => partsOf(stream), TimeoutError);
      assertEquals(await stream.closed, "cancelled");
    };
    const session = async () => {
      const opening = () => broker.openSession("one.part", null, { timeout });
      assertEquals((await assertRejects(opening, LinkError)).reason, "error");
    };
    // each takes all of its time
    await Promise.all([part(), empty(), session()]);
  },
);

/** Others who answer before the one who serves. */
const listeners: Readonly<Record<string, (question: Msg) => void>> = {
  "nothing": (question) => question.respond(),
  "a word": (question) => question.respond("seen"),
  "a part and an end": parted(1),
  "a JetStream acknowledgement": (question) => question.respond('{"stream":"LOG","seq":1}'),
  "an error": (question) => question.respond("", { headers: failed(500, "Disk full") }),
};

for (const [name, listen] of Object.entries(listeners)) {
  onEveryServer(
    `NatsBroker hears of streams and sessions from who serves them, not from who answers ${name}`,
    async (at) => {
      const service = at.broker();
      let [asked, answered] = [0, 0];
      service.use(async (_, next) => {
        const question = ++asked;
        // and not later: an acceptance is waited for only a while behind an answer that is whole
        await until("the others must answer first", () => answered >= question);
        return await next();
      });
      serve(service);
      await service.start();
      await using _client = await foreign(at, "svc.>", async (question, client) => {
        listen(question);
        await client.flush();
        answered++;
      });
      await assertServed(at.broker());
    },
  );
}

onEveryServer(
  "NatsBroker hears of streams and sessions from who serves them, not from its own listeners",
  async (at) => {
    const service = at.broker();
    serve(service);
    await service.start();
    const audit = at.broker();
    audit.subscriber("svc.count", { queue: "a" }, () => {});
    audit.subscriber("svc.talk", { queue: "a" }, () => true);
    audit.subscriber("*.*", { queue: "audit" }, () => {
      throw new Error("Disk full");
    });
    await audit.start();
    await assertServed(at.broker());
  },
);

Deno.test("NatsBroker hears of streams and sessions from who serves them, not from JetStream", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "jetstream" }' });
  await using service = new NatsBroker(server.url, { logger: false });
  service.use(async (_, next) => {
    await delay(50);
    return await next();
  });
  serve(service);
  await service.start();
  const stream = { name: "LOG", subjects: ["svc.>"], storage: "memory" };
  const made = await service.request("$JS.API.STREAM.CREATE.LOG", stream);
  assertEquals((made.body as { error?: unknown }).error, undefined);
  await using broker = new NatsBroker(server.url, { logger: false });
  await assertServed(broker);
  const alone = broker.requestStream("svc.nobody", null, { timeout: 3_000 });
  await assertRejects(() => partsOf(alone), LinkError);
  assertEquals(await alone.closed, "peer-gone");
});

onEveryServer(
  "NatsBroker.requestStream() tells one who accepts after others have answered",
  async (at) => {
    const service = at.broker();
    const left = Promise.withResolvers<unknown>();
    service.subscriber("late", {
      middleware: [async (_, next) => {
        await delay(2_500);
        return await next();
      }],
    }, async function* ({ signal }) {
      signal.addEventListener("abort", () => left.resolve(signal.reason));
      for (let n = 0; !signal.aborted; n++) {
        yield "late";
        await delay(10);
      }
    });
    await service.start();
    await using _client = await foreign(at, "late", async (question) => {
      for (let n = 1; n <= 20; n++) {
        question.respond(String(n));
        await delay(150);
      }
      question.respond();
    });
    const broker = at.broker();
    await broker.connect();
    const stream = broker.requestStream("late", null, { timeout: 2_000 });
    assertEquals(await partsOf(stream), Array.from({ length: 20 }, (_, at) => at + 1));
    assertEquals(await stream.closed, "complete");
    assertStringIncludes(
      String(await within("the late one", left.promise)),
      "Another has accepted",
    );
  },
);

onEveryServer(
  "NatsBroker.requestStream() ends the parts of others as it is told to",
  async (at) => {
    const broker = at.broker();
    await broker.connect();
    const loops: Promise<void>[] = [];
    const answer = async (question: Msg, client: NatsConnection) => {
      for (let n = 1; !client.isClosed(); n++) {
        question.respond(String(n));
        await delay(20);
      }
    };
    await using client = await foreign(at, "endless", (question, client) => {
      loops.push(answer(question, client));
    });
    const timeout = 2_500;
    const aborts = async () => {
      const controller = new AbortController();
      const { signal } = controller;
      const stream = broker.requestStream("endless", null, { timeout, signal });
      const reason = new Error("enough");
      const thrown = await assertRejects(async () => {
        for await (const { body } of stream) if (body === 7) controller.abort(reason);
      });
      assertEquals([thrown, await stream.closed], [reason, "cancelled"]);
    };
    const isLate = async () => {
      const stream = broker.requestStream("endless", null, { timeout, deadline: 4_000 });
      await assertRejects(() => partsOf(stream), TimeoutError);
      assertEquals(await stream.closed, "deadline");
    };
    const leaves = async () => {
      const stream = broker.requestStream("endless", null, { timeout });
      for await (const { body } of stream) if (body === 3) break;
      assertEquals(await stream.closed, "cancelled");
    };
    await Promise.all([aborts(), isLate(), leaves()]);
    await within("the end", broker.stop());
    await client.close();
    await Promise.all(loops);
  },
);

onEveryServer(
  "NatsBroker.requestStream() rejects with the error of others, though it has less time than an acceptance",
  async (server) => {
    await using _others = await foreign(server, "theirs", (question) => {
      question.respond("", { headers: failed(404, "No such thing") });
    });
    const broker = server.broker();
    await broker.connect();
    const asked = () => partsOf(broker.requestStream("theirs", null, { timeout: 450 }));
    const error = await assertRejects(asked, RemoteError);
    assertEquals([error.code, error.description], [404, "No such thing"]);
  },
);
