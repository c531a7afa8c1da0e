import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import {
  type BrokerEvent,
  type Codec,
  DecodeError,
  EncodeError,
  type NatsBroker,
  RemoteError,
  reply,
  ReplyError,
} from "@signalbox/nats";
import { onEveryServer } from "../support/backends.ts";
import { FORMATS } from "../support/formats.ts";
import { within } from "../support/within.ts";

const PACK = "application/x-pack";
const text = new TextDecoder();

/** JSON with its name before it, and what can go wrong with it. */
const pack: Codec = {
  encode: (body) => {
    if (body === "bad") throw new RangeError("bad");
    if (body === "later") return Promise.resolve("p[]") as unknown as string;
    return `p${JSON.stringify(body)}`;
  },
  decode: (data) => {
    const whole = text.decode(data);
    if (!whole.startsWith("p")) throw new SyntaxError("no p");
    return JSON.parse(whole.slice(1));
  },
};

/** The next error that a broker reports. */
function nextError(broker: NatsBroker): Promise<BrokerEvent & { type: "error" }> {
  const events = broker.events();
  const next = async () => {
    for await (const event of events) if (event.type === "error") return event;
    throw new Error("The broker was stopped");
  };
  return within("an error comes", next());
}

for (const [name, load] of Object.entries(FORMATS)) {
  onEveryServer(
    `NatsBroker carries ${name} in requests, inboxes, streams and sessions`,
    async (backend) => {
      const { contentType, codec, body } = await load();
      const options = { codecs: { [contentType]: codec }, contentType };
      const [server, client] = [backend.broker(options), backend.broker(options)];
      const types: (string | undefined)[] = [];
      server.subscriber("echo", ({ body, headers }) => {
        types.push(headers.get("content-type"));
        return body;
      });
      server.subscriber("parts", async function* ({ body }) {
        yield body;
        yield reply(body, { headers: { part: "2" } });
      });
      server.session("talk", async (session) => {
        await session.send(session.opening.body);
        for await (const { body } of session) await session.send(body);
      });
      await server.start();
      await client.connect();

      assertEquals((await client.request("echo", body)).body, body);
      assertEquals(types, [contentType]);
      assertEquals((await client.publisher("echo").request(body)).body, body);
      for await (const answer of client.requestMany("echo", body, { max: 1 })) {
        assertEquals(answer.body, body);
      }
      await using inbox = await client.openInbox();
      await server.publish(inbox.subject, body);
      assertEquals((await inbox.next({ timeout: 10_000 }))?.body, body);
      const parts = [];
      for await (const part of client.requestStream("parts", body)) parts.push(part.body);
      assertEquals(parts, [body, body]);
      await using session = await client.openSession("talk", body);
      assertEquals((await session.next({ timeout: 10_000 }))?.body, body);
      await session.send(body);
      const message = await session.next({ timeout: 10_000 });
      assertEquals(message?.body, body);
      assertEquals(message?.headers.get("content-type"), contentType);
    },
  );

  onEveryServer(`NatsBroker says what ${name} cannot encode or decode`, async (backend) => {
    const { contentType, codec, unfit, broken } = await load();
    const broker = backend.broker({ codecs: { [contentType]: codec }, contentType });
    broker.subscriber("echo", ({ body }) => body);
    broker.subscriber("broken", () => reply(broken, { headers: { "content-type": contentType } }));
    await broker.start();
    const error = await assertRejects(
      () => broker.request("echo", unfit),
      EncodeError,
      contentType,
    );
    assertInstanceOf(error.cause, Error);
    const answer = await broker.request("broken");
    assertEquals(answer.data, broken);
    const { cause } = await assertRejects(async () => await answer.body, DecodeError, contentType);
    assertInstanceOf(cause, Error);
    const headers = { "content-type": contentType };
    const refused = await assertRejects(
      () => broker.request("echo", broken, { headers }),
      RemoteError,
      "400",
    );
    assertEquals(refused.code, 400);
  });
}

onEveryServer(
  "NatsBroker takes the codec of the content-type that a message is given",
  async (backend) => {
    const broker = backend.broker({ codecs: { [PACK]: pack } });
    const headers = { "content-type": PACK };
    broker.subscriber(
      "raw",
      ({ data, headers }) => [text.decode(data), headers.get("content-type")],
    );
    broker.subscriber("packed", ({ body }) => reply(body, { headers }));
    broker.subscriber("parts", async function* () {
      yield reply("a", { headers });
      yield "b";
    });
    broker.session("talk", async (session) => {
      for await (const { body } of session) await session.send(body, { headers });
    });
    const raw = broker.publisher("raw", { headers });
    await broker.start();

    const json = "application/json";
    assertEquals((await broker.request("raw", [1])).body, ["[1]", json]);
    assertEquals((await broker.request("raw", [1], { headers })).body, ["p[1]", PACK]);
    assertEquals((await broker.request("raw", "a", { headers })).body, ['p"a"', PACK]);
    const type = "Application/X-PACK;v=1";
    const cased = await broker.request("raw", [1], { headers: { "Content-Type": type } });
    assertEquals(cased.body, ["p[1]", type]);
    assertEquals((await raw.request([1])).body, ["p[1]", PACK]);
    const bytes = new TextEncoder().encode("p[2]");
    assertEquals((await raw.request(bytes)).body, ["p[2]", PACK]);
    const packed = await broker.request("packed", { a: [1] });
    assertEquals([text.decode(packed.data), packed.body], ['p{"a":[1]}', { a: [1] }]);
    const parts = [];
    for await (const part of broker.requestStream("parts")) {
      parts.push([part.body, part.headers.get("content-type")]);
    }
    assertEquals(parts, [["a", PACK], ["b", "text/plain"]]);
    await using session = await broker.openSession("talk", [1], { headers });
    await session.send([1]);
    const back = await session.next({ timeout: 10_000 });
    assertEquals([back?.body, back?.headers.get("content-type")], [[1], PACK]);
  },
);

onEveryServer(
  "NatsBroker gives a body of a type without a codec as bytes, and goes on",
  async (backend) => {
    const broker = backend.broker({ codecs: { [PACK]: pack }, contentType: PACK });
    const peer = backend.broker({ codecs: { "application/x-other": pack } });
    broker.subscriber("type", ({ body }) => body instanceof Uint8Array ? "bytes" : "decoded");
    await broker.start();
    await peer.connect();
    const headers = { "content-type": "application/x-other" };
    assertEquals((await peer.request("type", [1], { headers })).body, "bytes");
    assertEquals((await peer.request("type", [1])).body, "decoded");
    // a peer without codecs reads text, and gets the rest as bytes
    broker.subscriber("list", () => [1]);
    const plain = backend.broker();
    await plain.connect();
    assertEquals((await plain.request("type", "a")).body, "decoded");
  },
);

onEveryServer("NatsBroker sends errors as JSON whatever its contentType is", async (backend) => {
  const broker = backend.broker({ codecs: { [PACK]: pack }, contentType: PACK });
  const plain = backend.broker();
  broker.subscriber("missing", () => {
    throw new ReplyError(404, "No such order", { id: 42 });
  });
  broker.subscriber("stream", async function* () {
    yield "a";
    throw new ReplyError(409, "Too late", { id: 42 });
  });
  await broker.start();
  await plain.connect();
  for (const caller of [broker, plain]) {
    const { data } = await assertRejects(() => caller.request("missing"), RemoteError, "404");
    assertEquals(data, { id: 42 });
    const stream = async () => await Array.fromAsync(caller.requestStream("stream"));
    assertEquals((await assertRejects(stream, RemoteError, "409")).data, { id: 42 });
  }
});

onEveryServer(
  "NatsBroker answers 500 where its codec fails on a reply, and sends nothing",
  async (backend) => {
    const broker = backend.broker({ codecs: { "text/plain": pack } });
    broker.subscriber("bad", () => "bad");
    broker.subscriber("later", () => "later");
    await broker.start();
    for (const subject of ["bad", "later"]) {
      const reported = nextError(broker);
      await assertRejects(
        () => broker.request(subject),
        RemoteError,
        "500 The reply cannot be sent",
      );
      const { error } = await reported;
      assert(error.message.includes("must give bytes or text"), error.message);
    }
    for (const body of ["bad", "later"]) {
      const reported = nextError(broker);
      await assertRejects(() => broker.publish("nowhere", body), EncodeError);
      assertInstanceOf((await reported).error, EncodeError);
      await assertRejects(() => broker.request("bad", body), EncodeError);
    }
  },
);

onEveryServer(
  "NatsBroker answers with an error even where its JSON codec fails on everything",
  async (backend) => {
    const fails = (): never => {
      throw new Error("it always fails");
    };
    const codecs = { "application/json": { encode: fails, decode: fails } };
    const [broker, plain] = [backend.broker({ codecs }), backend.broker()];
    broker.subscriber("missing", () => {
      throw new ReplyError(404, "No such order", { id: 42 });
    });
    broker.subscriber("list", () => [1]);
    broker.subscriber("take", () => "taken");
    await broker.start();
    await plain.connect();
    for (const caller of [broker, plain]) {
      const started = performance.now();
      await assertRejects(() => caller.request("missing"), RemoteError, "404 No such order");
      await assertRejects(() => caller.request("list"), RemoteError, "500");
      assert(performance.now() - started < 4_000);
    }
    await assertRejects(() => plain.request("take", [1]), RemoteError, "400");
  },
);

onEveryServer(
  "NatsBroker ends sessions and streams whose codec fails, and stays open for others",
  async (backend) => {
    const broker = backend.broker({ codecs: { [PACK]: pack } });
    const headers = { "content-type": PACK };
    broker.subscriber("parts", async function* () {
      yield reply("a", { headers });
      yield reply("bad", { headers });
    });
    broker.session("talk", async (session) => {
      for await (const { body } of session) await session.send(body);
    });
    await broker.start();
    const bodies: unknown[] = [];
    const stream = async () => {
      for await (const { body } of broker.requestStream("parts")) bodies.push(body);
    };
    await assertRejects(stream, RemoteError, "500");
    assertEquals(bodies, ["a"]);
    await using session = await broker.openSession("talk");
    await assertRejects(() => session.send("bad", { headers }), EncodeError);
    await session.send([1], { headers });
    assertEquals((await session.next({ timeout: 10_000 }))?.body, [1]);
    await session.send(new TextEncoder().encode("broken"), { headers });
    await session.next({ timeout: 2_000 }).catch(() => {});
    assertEquals(await broker.request("nobody").catch((error) => error.name), "NoRespondersError");
  },
);

onEveryServer("NatsBroker keeps a request's timeout where a codec is slow", async (backend) => {
  const slow: Codec = {
    encode: (body) => {
      const until = performance.now() + 60;
      while (performance.now() < until);
      return pack.encode(body);
    },
    decode: pack.decode,
  };
  const broker = backend.broker({ codecs: { [PACK]: slow }, contentType: PACK });
  broker.subscriber("echo", ({ body }) => body);
  broker.subscriber("mute", () => new Promise(() => {}));
  await broker.start();
  assertEquals((await broker.request("echo", [1], { timeout: 3_000 })).body, [1]);
  const error = await broker.request("mute", [1], { timeout: 100 }).catch((error) => error);
  assertEquals(error.name, "TimeoutError");
  await broker.stop({ timeout: 200 });
});

onEveryServer(
  "NatsBroker has a publish middleware see bodies before they are encoded",
  async (backend) => {
    const broker = backend.broker({ codecs: { [PACK]: pack } });
    const seen: unknown[] = [];
    broker.use({
      publish: (draft, next) => {
        seen.push(draft.body);
        return next({ ...draft, headers: { ...draft.headers, "content-type": PACK } });
      },
    });
    broker.subscriber("raw", ({ data }) => data);
    await broker.start();
    await broker.request("raw", [1]);
    assertEquals(seen[0], [1]);
  },
);
