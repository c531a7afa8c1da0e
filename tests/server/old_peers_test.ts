import { reply, ReplyError } from "@signalbox/nats";
import { connect, type Msg, type NatsConnection } from "@nats-io/transport-deno";
import { assert, assertEquals } from "@std/assert";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { within } from "../support/within.ts";

const TOO_LONG = 8_000;

/** What a peer of its own kind is told: every message up to the one without a payload, and how long that took. */
async function asked(client: NatsConnection, subject: string, noMux: boolean) {
  const began = performance.now();
  const how = { strategy: "sentinel", maxWait: TOO_LONG, noMux } as const;
  const told: Msg[] = [];
  const answers = await client.requestMany(subject, "{}", how);
  const reading = async () => {
    for await (const message of answers) told.push(message);
  };
  await within("the answers must end", reading(), TOO_LONG + 2_000);
  const took = performance.now() - began;
  assert(took < TOO_LONG - 3_000, `it waited out its time: ${took} ms`);
  const last = told.pop();
  assertEquals(last?.data.length, 0);
  assertEquals([...last?.headers?.keys() ?? []], [], "the end of ADR-47 has no headers");
  return told;
}

/** A service with what old peers may ask, and such a peer. */
async function withService(
  server: Pick<Backend, "broker" | "url">,
  behaviour: (client: NatsConnection, noMux: boolean) => Promise<void>,
): Promise<void> {
  const broker = server.broker();
  broker.subscriber("svc.count.{to}", async function* ({ params }) {
    for (let n = 1; n <= Number(params.to); n++) yield n;
  });
  broker.subscriber("svc.mixed", async function* () {
    yield* ["before", "", undefined, new Uint8Array(0)];
    yield reply({ a: 1 }, { headers: { "X-Part": "last" } });
    yield "after";
  });
  broker.subscriber("svc.fails.{after}", async function* ({ params }) {
    for (let n = 1; n <= Number(params.after); n++) yield n;
    throw new ReplyError(422, "No such column", { column: "age" });
  });
  await broker.start();
  const client = await connect({ servers: server.url });
  try {
    for (const noMux of [false, true]) await behaviour(client, noMux);
  } finally {
    await client.close();
  }
}

onEveryServer("A streaming handler answers nats.js requestMany() up to its end", async (server) => {
  await withService(server, async (client, noMux) => {
    for (const count of [0, 1, 5, 1_500]) {
      const told = await asked(client, `svc.count.${count}`, noMux);
      assertEquals(told.map((message) => message.json()), Array.from(told, (_, at) => at + 1));
      assertEquals(told.length, count);
    }
  });
});

onEveryServer(
  "A streaming handler does not end nats.js requestMany() by an empty part",
  async (server) => {
    await withService(server, async (client, noMux) => {
      const told = await asked(client, "svc.mixed", noMux);
      assertEquals(told[0]?.string(), "before");
      const [structure, text] = told.slice(-2);
      assertEquals(structure?.json(), { a: 1 });
      assertEquals(structure?.headers?.get("X-Part"), "last");
      assertEquals(text?.string(), "after");
      for (const { data } of told) assert(data.length > 0);
    });
  },
);

onEveryServer(
  "A streaming handler that fails tells nats.js requestMany(), and ends it",
  async (server) => {
    await withService(server, async (client, noMux) => {
      for (const after of [0, 3]) {
        const told = await asked(client, `svc.fails.${after}`, noMux);
        assertEquals(told.length, after + 1);
        const error = told.pop();
        assertEquals(error?.headers?.get("Nats-Service-Error-Code"), "422");
        assertEquals(error?.headers?.get("Nats-Service-Error"), "No such column");
        assertEquals(error?.json(), { column: "age" });
        assertEquals(told.map((message) => message.json()), Array.from(told, (_, at) => at + 1));
      }
    });
  },
);

onEveryServer("A streaming handler gives nats.js request() its first part", async (server) => {
  await withService(server, async (client, noMux) => {
    const ask = (subject: string) => client.request(subject, "", { timeout: 5_000, noMux });
    assertEquals((await ask("svc.count.5")).json(), 1);
    assertEquals((await ask("svc.mixed")).string(), "before");
    assertEquals((await ask("svc.count.0")).data.length, 0);
    const error = await ask("svc.fails.0");
    assertEquals(error.headers?.get("Nats-Service-Error-Code"), "422");
  });
});

onEveryServer("A streaming handler gives NatsBroker.request() its first part", async (server) => {
  await withService(server, async () => {
    const broker = server.broker();
    await broker.connect();
    assertEquals((await broker.request("svc.count.5")).body, 1);
    await broker.stop();
  });
});

onEveryProfile("A streaming handler answers an old peer as often as it may", async (stage) => {
  const service = stage.service();
  service.subscriber("svc.one", async function* () {
    yield "only";
  });
  service.subscriber("svc.many", async function* () {
    for (let n = 1; n <= 100; n++) yield n;
  });
  await service.start();
  const client = await stage.plain("client");
  for (const [subject, first] of [["svc.one", "only"], ["svc.many", "1"]] as const) {
    const answer = await client.request(subject, "", { timeout: 5_000 });
    // one answer may be all that is permitted: it must be the first part, or say that there would be more
    const error = answer.headers?.get("Nats-Service-Error-Code");
    if (!error) assertEquals(answer.string(), first);
  }
});
