import { NatsBroker, RemoteError } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Wire } from "../interop/wire.ts";
import { ask, echoing } from "../soak/generative/echoing.ts";
import { REPLIES, THROWN } from "../soak/generative/oddities.ts";
import { schemaOf } from "../soak/generative/schemas.ts";
import { onEveryServer } from "../support/backends.ts";

const MAX_PAYLOAD = 16_384;
const SOON = { timeout: 3_000 };

const JSON_TYPE = "content-type: application/json";

onEveryServer(
  "NatsBroker.subscriber() answers malformed JSON with 400",
  (server) =>
    echoing(server, async (ask) => {
      for (const broken of ["{", '{"n":', "nope", "undefined", "", "[1,]", '"\\x"']) {
        assertEquals((await ask(JSON_TYPE, broken)).code, "400", broken);
        assertEquals(await ask(JSON_TYPE, '{"n":1}'), { code: "", body: '{"n":1}' });
      }
    }),
);

onEveryServer(
  "NatsBroker.subscriber() answers invalid UTF-8 in JSON and text with 400",
  (server) =>
    echoing(server, async (ask) => {
      for (const type of [JSON_TYPE, "content-type: text/plain"]) {
        assertEquals((await ask(type, Uint8Array.of(34, 0xff, 34))).code, "400");
        assertEquals(await ask(type, "1"), { code: "", body: "1" });
      }
    }),
);

onEveryServer(
  "NatsBroker.subscriber() gives bytes for a content type it does not know",
  (server) =>
    echoing(server, async (ask) => {
      for (const type of ["image/png", "", ";;;", "application/jsonp", "\u00e9"]) {
        const told = await ask(`content-type: ${type}`, Uint8Array.of(1, 2));
        assertEquals(told, { code: "", body: "bytes" }, type);
      }
    }, ({ body }) => body instanceof Uint8Array ? "bytes" : typeof body),
);

onEveryServer(
  "NatsBroker.subscriber() answers 400 for a content type too long to be repeated",
  (server) =>
    echoing(server, async (ask) => {
      assertEquals((await ask(`${JSON_TYPE}; x=${"x".repeat(10_000)}`, "{")).code, "400");
    }),
  { maxPayload: MAX_PAYLOAD },
);

onEveryServer(
  "NatsBroker.subscriber() answers whatever the headers are",
  (server) =>
    echoing(server, async (ask) => {
      const odd = [
        "no colon",
        ": nameless",
        "__proto__: 1\r\nconstructor: 2",
        "a\rb: c\nd: e",
        "\u0001: \0",
        "Signalbox-Time-Left: soon",
        "Signalbox-Time-Left:",
        `x-long: ${"x".repeat(9_000)}`,
        Array.from({ length: 500 }, () => "x-many: 1").join("\r\n"),
      ];
      for (const lines of odd) {
        assertEquals((await ask(lines, "text")).body, "text", lines.slice(0, 40));
      }
    }),
  { maxPayload: MAX_PAYLOAD },
);

onEveryServer(
  "NatsBroker.subscriber() takes the first of duplicate headers",
  (server) =>
    echoing(server, async (ask) => {
      const lines =
        "x-shard: 1\r\nX-SHARD: 2\r\ncontent-type: text/plain\r\nContent-Type: image/png";
      assertEquals(await ask(lines, "text"), { code: "", body: '["1","text"]' });
    }, ({ body, headers }) => [headers.get("X-Shard"), body]),
);

onEveryServer(
  "NatsBroker.subscriber() sends no correlation id on that breaks a header",
  (server) =>
    echoing(server, async (ask) => {
      assertEquals((await ask("correlation_id: a\nx-admin: 1", "text")).body, "fine");
    }, async ({ correlationId }) => {
      const asked = new NatsBroker(server.url, { logger: false });
      await asked.connect();
      await using inbox = await asked.openInbox({ max: 1 });
      await asked.publish(
        inbox.subject,
        "on",
        correlationId === undefined ? {} : { correlationId },
      );
      const next = await inbox.next(SOON);
      await asked.stop();
      return /[\r\n]/.test(next?.correlationId ?? "") ? "broken" : "fine";
    }),
);

onEveryServer(
  "NatsBroker.subscriber() takes a payload of max_payload and answers it",
  (server) =>
    echoing(server, async (ask) => {
      const room = MAX_PAYLOAD - "NATS/1.0\r\na: b\r\n\r\n".length;
      assertEquals(await ask("a: b", "x".repeat(room)), { code: "", body: String(room) });
    }, ({ data }) => String(data.length)),
  { maxPayload: MAX_PAYLOAD },
);

onEveryServer(
  "NatsBroker.subscriber() answers 413 for a reply over max_payload",
  (server) =>
    echoing(server, async (ask) => {
      assertEquals((await ask("a: b", "x".repeat(MAX_PAYLOAD - 18))).code, "413");
      // one that is too long is not sent back, so there is room for the answer
      const id = `correlation_id: ${"c".repeat(MAX_PAYLOAD - 50)}`;
      assertEquals((await ask(id, "text")).code, "");
    }),
  { maxPayload: MAX_PAYLOAD },
);

onEveryServer(
  "NatsBroker.subscriber() keeps __proto__ a key like any other",
  (server) =>
    echoing(server, async (ask) => {
      const sent = '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}';
      assertEquals(await ask(JSON_TYPE, sent), { code: "", body: sent });
      assertEquals(({} as { polluted?: boolean }).polluted, undefined);
    }),
);

onEveryServer("NatsBroker.subscriber() answers whatever its handlers throw", async (server) => {
  const broker = server.broker();
  broker.subscriber("throws.{kind}", ({ params }) => {
    throw THROWN[params.kind]!.make();
  });
  broker.subscriber("rejects.{kind}", ({ params }) => Promise.reject(THROWN[params.kind]!.make()));
  await broker.start();
  for (const [kind, { code }] of Object.entries(THROWN)) {
    for (const way of ["throws", "rejects"]) {
      const asked = () => broker.request(`${way}.${kind}`, "", SOON);
      assertEquals((await assertRejects(asked, RemoteError, "", kind)).code, code, kind);
    }
  }
}, { maxPayload: MAX_PAYLOAD });

onEveryServer("NatsBroker.subscriber() answers whatever its handlers give", async (server) => {
  const broker = server.broker();
  broker.subscriber("gives.{kind}", ({ params }) => REPLIES[params.kind]!.make());
  broker.subscriber("resolves.{kind}", async ({ params }) => await REPLIES[params.kind]!.make());
  await broker.start();
  for (const [kind, { code }] of Object.entries(REPLIES)) {
    for (const way of ["gives", "resolves"]) {
      const told = await broker.request(`${way}.${kind}`, "", SOON).then(
        () => 0,
        (error) => error.code,
      );
      assertEquals(told, code, `${way} ${kind}`);
    }
  }
}, { maxPayload: MAX_PAYLOAD });

onEveryServer("NatsBroker.subscriber() answers a schema that throws with 500", async (server) => {
  const broker = server.broker();
  const fail = () => {
    throw undefined;
  };
  broker.subscriber("throws", { schema: schemaOf(fail) }, () => "fine");
  broker.subscriber("rejects", { schema: schemaOf(() => Promise.reject(null)) }, () => "fine");
  broker.subscriber("fine", () => "fine");
  await broker.start();
  for (const subject of ["throws", "rejects"]) {
    const error = await assertRejects(() => broker.request(subject, 1, SOON), RemoteError);
    assertEquals(error.code, 500);
    assertEquals((await broker.request("fine", 1, SOON)).body, "fine");
  }
});

onEveryServer("NatsBroker.subscriber() answers a schema that never resolves", async (server) => {
  const broker = server.broker();
  const schema = schemaOf((value) => value === "wait" ? new Promise(() => {}) : { value });
  broker.subscriber("checked", { schema, concurrency: 1 }, ({ body }) => body);
  await broker.start();
  using wire = await Wire.connect(server.url);
  await wire.subscribe("told");
  const began = performance.now();
  const told = await ask(wire, "checked", "Signalbox-Time-Left: 200", "wait");
  assert(["500", "504"].includes(told.code), told.code);
  assert(performance.now() - began < 4_000, "it was told long after its deadline");
  assertEquals((await broker.request("checked", "next", SOON)).body, "next");
});
