import { EncodeError, RemoteError, reply, ReplyError } from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";

class Secretive {
  #kept = 1;

  read(): number {
    return this.#kept;
  }
}

/** What JSON would empty or change in silence, each made afresh as some can be read once. */
const REFUSED: Readonly<Record<string, () => unknown>> = {
  "a promise": () => Promise.resolve({ id: 7 }),
  "a thenable": () => ({ then: (done: (value: number) => void) => done(1) }),
  "an async toJSON": () => ({ toJSON: () => Promise.resolve(1) }),
  "a Map": () => new Map([["id", 7]]),
  "a Set": () => new Set([7]),
  "a WeakMap": () => new WeakMap(),
  "an Error": () => new Error("no"),
  "an Error with fields": () => Object.assign(new TypeError("no"), { code: "E7" }),
  "a RegExp": () => /7/,
  "a Blob": () => new Blob(["7"]),
  "a File": () => new File(["7"], "seven"),
  "a Response": () => new Response("7"),
  "a Request": () => new Request("http://localhost/7"),
  "Headers": () => new Headers({ id: "7" }),
  "FormData": () => new FormData(),
  "URLSearchParams": () => new URLSearchParams("id=7"),
  "a generator": () => [7].values().map((id) => id),
  "an iterator": () => new Set([7]).values(),
  "a SharedArrayBuffer": () => new SharedArrayBuffer(7),
  "a function": () => () => 7,
  "a class": () => Secretive,
  "a symbol": () => Symbol("7"),
  "an instance whose fields are private": () => new Secretive(),
  "an object whose fields are inherited": () => Object.create({ id: 7 }),
  "a bigint": () => 7n,
  "NaN": () => NaN,
  "Infinity": () => Infinity,
  "a boxed NaN": () => Object(NaN),
  "an invalid Date": () => new Date("seven"),
  "an async iterable": () => new Blob(["7"]).stream(),
  // deno-lint-ignore no-sparse-arrays
  "a sparse array": () => [7, , 9],
  "a cycle": () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    return cycle;
  },
};
const BYTES_INSIDE: Readonly<Record<string, () => unknown>> = {
  "bytes": () => new Uint8Array([7]),
  "a buffer": () => new ArrayBuffer(7),
  "a DataView": () => new DataView(new ArrayBuffer(7)),
};

onEveryServer("NatsBroker.publish() refuses a body that JSON would empty", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox();
  for (const [name, make] of Object.entries(REFUSED)) {
    const error = await assertRejects(
      () => broker.publish(inbox.subject, make()),
      EncodeError,
      "Cannot encode the body",
      name,
    );
    assert(error.place.startsWith("body"), name);
  }
  await broker.publish(inbox.subject, "the only one");
  assertEquals((await inbox.next({ timeout: 10_000 }))?.body, "the only one");
});

onEveryServer(
  "NatsBroker.request() refuses it inside of a body, and says where",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("echo", ({ body }) => body);
    await broker.start();
    for (const [name, make] of Object.entries({ ...REFUSED, ...BYTES_INSIDE })) {
      const body = { items: [0, 1, 2, make()] };
      const error = await assertRejects(() => broker.request("echo", body), EncodeError);
      assertStringIncludes(error.message, "body.items[3]", name);
      assert(error.place.startsWith("body.items[3]"), name);
    }
    assertEquals((await broker.request("echo", { items: [] })).body, { items: [] });
  },
);

onEveryServer(
  "NatsBroker.subscriber() answers 500 for a reply that JSON would empty",
  async (at) => {
    const broker = at.broker();
    const events = broker.events();
    const makers = Object.entries(REFUSED).filter(([name]) => name !== "an async iterable");
    // what a handler returns is awaited, which is no mistake there
    const sent = makers.filter(([name]) => !/promise|thenable/.test(name));
    broker.subscriber("whole.{at}", ({ params }) => sent[Number(params.at)]![1]());
    broker.subscriber("reply.{at}", ({ params }) => reply(makers[Number(params.at)]![1]()));
    await broker.start();
    for (const [subject, list] of [["whole", sent], ["reply", makers]] as const) {
      for (const [index, [name]] of list.entries()) {
        const failed = broker.request(`${subject}.${index}`);
        const { code } = await assertRejects(() => failed, RemoteError, undefined, name);
        assertEquals(code, 500, name);
      }
    }
    let told = 0;
    while (told < sent.length + makers.length) {
      const event = (await events.next()).value;
      if (event?.type !== "error") continue;
      assert(event.error.cause instanceof EncodeError, String(event.error));
      told++;
    }
  },
);

onEveryServer("ReplyError tells its code where its data cannot be sent", async (server) => {
  const broker = server.broker();
  const events = broker.events();
  broker.subscriber("plain", () => {
    throw new ReplyError(404, "No such order", { ids: new Set([7]) });
  });
  broker.subscriber("parts", async function* () {
    yield 1;
    throw new ReplyError(404, "No such order", { ids: new Set([7]) });
  });
  broker.session("talk", () => {
    throw new ReplyError(404, "No such order", { ids: new Set([7]) });
  });
  broker.session("leaves", async (session) => {
    session.abort(new ReplyError(404, "No such order", { ids: new Set([7]) }));
    await session.closed;
  });
  await broker.start();

  const plain = await assertRejects(() => broker.request("plain"), RemoteError);
  const parts = await assertRejects(() => Array.fromAsync(broker.requestStream("parts")));
  const told = [plain, parts];
  for (const subject of ["talk", "leaves"]) {
    const read = async () => await (await broker.openSession(subject)).next();
    told.push(await assertRejects(read));
  }
  for (const error of told) {
    assert(error instanceof RemoteError, String(error));
    assertEquals([error.code, error.description], [404, "No such order"]);
  }
  for (let found = 0; found < 4;) {
    const event = (await events.next()).value;
    if (event?.type !== "error") continue;
    assert(event.error instanceof EncodeError, String(event.error));
    found++;
  }
});

onEveryServer(
  "Session.send() refuses a body that JSON would empty, and goes on",
  async (server) => {
    const broker = server.broker();
    broker.session("echo", async (session) => {
      for await (const { body } of session) await session.send(body);
    });
    await broker.start();
    await using session = await broker.openSession("echo");
    for (const make of Object.values({ ...REFUSED })) {
      await assertRejects(() => session.send(make()), EncodeError);
      await assertRejects(() => session.send([make()]), EncodeError, "body[0]");
    }
    await session.send("still here");
    assertEquals((await session.next({ timeout: 10_000 }))?.body, "still here");
  },
);

onEveryServer(
  "NatsBroker.openSession() refuses an opening that JSON would empty",
  async (server) => {
    const broker = server.broker();
    broker.session("talk", () => {});
    await broker.start();
    await assertRejects(() => broker.openSession("talk", new Map()), EncodeError, "a Map");
    await assertRejects(
      async () => await Array.fromAsync(broker.requestStream("talk", { a: NaN })),
      EncodeError,
      "body.a",
    );
    const many = async () => await Array.fromAsync(broker.requestMany("talk", [new Set()]));
    await assertRejects(many, EncodeError, "body[0]");
  },
);

onEveryServer("NatsBroker.request() has every kind of bytes arrive as bytes", async (server) => {
  const broker = server.broker();
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  const buffer = new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer;
  const shared = new SharedArrayBuffer(2);
  const given: [ArrayBufferView | ArrayBuffer, number[]][] = [
    [buffer, [1, 2, 3, 4, 5, 6, 7, 8]],
    [new DataView(buffer, 6), [7, 8]],
    [new Float64Array(buffer), [1, 2, 3, 4, 5, 6, 7, 8]],
    [new Uint16Array(buffer, 2, 1), [3, 4]],
    [new BigInt64Array(buffer), [1, 2, 3, 4, 5, 6, 7, 8]],
    [new Uint8ClampedArray(buffer, 7), [8]],
    [new Uint8Array(shared), [0, 0]],
  ];
  for (const [body, bytes] of given) {
    assertEquals((await broker.request("echo", body)).body, new Uint8Array(bytes));
  }
  const moved = new Uint8Array([1]);
  moved.buffer.transfer();
  await assertRejects(() => broker.request("echo", moved), EncodeError, "transferred");
});

onEveryServer(
  "NatsBroker.request() has text with half of a pair arrive as it was",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("echo", ({ body }) => body);
    await broker.start();
    for (const text of ["\ud83d", "cut short \ud83d", { key: "\udc4b" }]) {
      assertEquals((await broker.request("echo", text)).body, text);
    }
  },
);
