import { NatsBroker, RemoteError, reply, type Schema } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AsyncLocalStorage } from "node:async_hooks";
import { onEveryServer } from "../support/backends.ts";
import { within } from "../support/within.ts";

onEveryServer("RemoteError.rawCode keeps the code of a service as it was sent", async (server) => {
  const broker = server.broker();
  broker.subscriber("fails.{code}", ({ params }) => {
    const headers = { "Nats-Service-Error-Code": params.code, "Nats-Service-Error": "no" };
    return reply("why", { headers });
  });
  await broker.start();
  const codes = { "E42": 0, "9e9": 0, "0x10": 0, "-3": 0, "404": 404, "7777": 7777, "4_0": 0 };
  for (const [rawCode, code] of Object.entries(codes)) {
    const error = await assertRejects(() => broker.request(`fails.${rawCode}`), RemoteError);
    assertEquals([error.code, error.rawCode, error.data], [code, rawCode, "why"]);
  }
});

onEveryServer("NatsBroker.request() takes a subject of any UTF-8", async (server) => {
  const [broker, asking] = [server.broker(), server.broker()];
  broker.subscriber("größe.{name}.日本", ({ params, subject }) => [params.name, subject]);
  broker.subscriber("wild.>", ({ subject }) => subject);
  await broker.start();
  await asking.connect();
  for (const name of ["Ada", "Ädä", "😀", "é".repeat(500)]) {
    const { body } = await asking.request(`größe.${name}.日本`);
    assertEquals(body, [name, `größe.${name}.日本`]);
    assertEquals((await asking.request(`wild.${name}`)).body, `wild.${name}`);
  }
  const size = asking.publisher("größe.{name}.日本");
  assertEquals((await size.request({ name: "ß" })).body, ["ß", "größe.ß.日本"]);
});

onEveryServer(
  "NatsBroker.start() hands none of its own AsyncLocalStorage to handlers",
  async (server) => {
    const ambient = new AsyncLocalStorage<string>();
    const broker = server.broker();
    broker.subscriber("who", async () => {
      const before = ambient.getStore();
      await undefined;
      return [before ?? "nobody", ambient.getStore() ?? "nobody"];
    });
    await ambient.run("whoever starts", () => broker.start());
    const asking = server.broker();
    await asking.connect();
    for (let round = 0; round < 3; round++) {
      assertEquals((await asking.request("who")).body, ["nobody", "nobody"]);
    }
  },
);

onEveryServer("Session ends by an idleTimeout of 50 ms in that time", async (server) => {
  const broker = server.broker();
  broker.session("quiet", (session) => session.closed);
  await broker.start();
  const took: number[] = [];
  for (let round = 0; round < 5; round++) {
    const session = await broker.openSession("quiet", null, { idleTimeout: 50 });
    const began = performance.now();
    assertEquals(await within("it must end", session.closed), "idle");
    took.push(performance.now() - began);
  }
  // the shortest, as a busy machine may stretch any of them
  assert(Math.min(...took) < 150, `${took}`);
});

onEveryServer(
  "NatsBroker.publisher() sends what fits its schema as it was given",
  async (server) => {
    const broker = server.broker();
    const lengths: Schema<number, string> = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          typeof value === "string"
            ? { value: value.length }
            : { issues: [{ message: "no text" }] },
      },
    };
    const got: unknown[] = [];
    broker.subscriber("at", { schema: lengths, replySchema: lengths as Schema }, ({ body }) => {
      got.push(body);
      return "four";
    });
    await broker.start();
    const at = broker.publisher("at", { schema: lengths as Schema, replySchema: lengths });
    const { body } = await at.request("three");
    assertEquals(got, [5]);
    assertEquals(body, 4);
  },
);

Deno.test("Deno.inspect() shows what a broker, a router, a subscriber and a publisher are", () => {
  const broker = new NatsBroker("nats://user:secret@127.0.0.1:4222", { logger: false });
  const subscriber = broker.subscriber("orders.{id}", () => {});
  const reader = broker.subscriber("news.>");
  const publisher = broker.publisher("done.{id}");
  const shown = Deno.inspect([broker, subscriber, reader, publisher], { depth: 6 });
  for (
    const part of [
      "orders.{id}",
      "news.>",
      "done.{id}",
      'state: "idle"',
      "handled: 0",
      "Publisher",
      "Subscriber",
    ]
  ) {
    assert(shown.includes(part), `${part} in ${shown}`);
  }
  assert(!shown.includes("secret"), shown);
});
