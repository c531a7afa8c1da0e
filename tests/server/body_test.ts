import { connect, headers } from "@nats-io/transport-deno";
import { EncodeError, type Message, type NatsBroker, RemoteError, reply } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";

/** Every kind of body, and the content type it travels with. */
const BODIES: [body: unknown, contentType: string | undefined][] = [
  ["", "text/plain"],
  ["12", "text/plain"],
  ["Grüße, \u{1F44B}", "text/plain"],
  ["\ufeffmarked", "text/plain"],
  [new Uint8Array(0), "application/octet-stream"],
  [new TextEncoder().encode("12"), "application/octet-stream"],
  [new Uint8Array([0, 255, 128]), "application/octet-stream"],
  [12, "application/json"],
  [null, "application/json"],
  [false, "application/json"],
  [{ nested: [1, { deep: "yes" }] }, "application/json"],
  [undefined, undefined],
];

onEveryServer("NatsBroker.publish() has every body arrive as what it was sent", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox();
  for (const [body, contentType] of BODIES) {
    await broker.publish(inbox.subject, body);
    const message = await inbox.next({ timeout: 10_000 });
    assertEquals(message?.body, body);
    assertEquals(message?.headers.get("content-type"), contentType);
    assertEquals(message?.headers.get("correlation_id")?.length, 22);
  }
});

onEveryServer("NatsBroker.request() has every answer arrive as what it was", async (server) => {
  const broker = server.broker();
  broker.subscriber("echo", ({ body }) => body);
  await broker.start();
  for (const [body] of BODIES) assertEquals((await broker.request("echo", body)).body, body);
});

/** What peers put on the wire: the payload, its content type as they write it, and what it means. */
const FRAMES: [
  payload: string | Uint8Array,
  fields: Record<string, string> | undefined,
  body: unknown,
][] = [
  ["12", { "content-type": "" }, new TextEncoder().encode("12")],
  ["hello", { "content-type": "text/plain" }, "hello"],
  ["hello", { "Content-Type": "text/plain; charset=utf-8" }, "hello"],
  ['{"a":1}', { "content-type": "application/json" }, { a: 1 }],
  ['{"a":1}', { "CONTENT-TYPE": "Application/JSON; charset=utf-8" }, { a: 1 }],
  ['{"a":1}', { "content-type": "application/cloudevents+json" }, { a: 1 }],
  ["png", { "content-type": "image/png" }, new TextEncoder().encode("png")],
  ['{"a":1}', undefined, { a: 1 }],
  ["12", undefined, 12],
  ["true story", undefined, "true story"],
  [new Uint8Array([0xff, 0xfe]), undefined, new Uint8Array([0xff, 0xfe])],
  ["", undefined, undefined],
];

onEveryServer("Message.body reads what FastStream and plain peers send", async (server) => {
  const broker: NatsBroker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox();
  const peer = await connect({ servers: server.url });
  for (const [payload, fields, body] of FRAMES) {
    const sent = headers();
    for (const [name, value] of Object.entries(fields ?? {})) sent.set(name, value);
    peer.publish(inbox.subject, payload, fields && { headers: sent });
    const message: Message | undefined = await inbox.next({ timeout: 10_000 });
    assertEquals(message?.body, body);
  }
  await peer.close();
});

onEveryServer("NatsBroker.publish() sends headers that a plain peer can read", async (server) => {
  const broker = server.broker();
  const peer = await connect({ servers: server.url });
  const heard = peer.subscribe("plain", { max: 1 });
  await peer.flush();
  await broker.connect();
  const fields = { "X-Shard": ["7", "8"], "Content-Type": "application/vnd.order+json" };
  await broker.publish("plain", { id: 1 }, {
    headers: fields,
    correlationId: "work-1",
    replyTo: "there",
  });
  for await (const message of heard) {
    assertEquals(message.json(), { id: 1 });
    assertEquals(message.reply, "there");
    assertEquals(message.headers?.values("X-Shard"), ["7", "8"]);
    assertEquals(message.headers?.get("correlation_id"), "work-1");
    assertEquals(message.headers?.keys().filter((name) => /type/i.test(name)), ["content-type"]);
  }
  await peer.close();
});

onEveryServer("Message.body of hostile JSON pollutes nothing", async (server) => {
  const broker = server.broker();
  await broker.connect();
  await using inbox = await broker.openInbox();
  const peer = await connect({ servers: server.url });
  peer.publish(
    inbox.subject,
    '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}',
  );
  const message = await inbox.next({ timeout: 10_000 });
  assert(message?.body);
  assertEquals(({} as { admin?: boolean }).admin, undefined);
  await peer.close();
});

onEveryServer(
  "NatsBroker.publish() and all that send refuse the result of reply(), which only handlers return",
  async (server) => {
    const broker = server.broker();
    broker.subscriber("twice", () => reply(reply(7)));
    broker.subscriber("once", () => reply(7));
    await broker.start();
    const rule = "an object of class Reply, which JSON would empty: send its body";
    await assertRejects(() => broker.publish("a", reply(7)), EncodeError, `body is ${rule}`);
    await assertRejects(() => broker.request("a", [reply(7)]), EncodeError, `body[0] is ${rule}`);
    await assertRejects(() => broker.request("twice"), RemoteError, "The reply cannot be sent");
    assertEquals((await broker.request("once")).body, 7);
  },
);
