import { NatsRouter, RemoteError, ReplyError } from "@signalbox/nats";
import { assertEquals, assertRejects } from "@std/assert";
import { started, take } from "../support/link_ends.ts";
import { until } from "../support/nats_server/until.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { meanwhile, within } from "../support/within.ts";

onEveryProfile("Session stays with the member of the queue group that took it", async (stage) => {
  for (const name of ["a", "b"]) {
    const service = stage.service();
    service.session("svc.who", { queue: "q" }, async (session) => {
      for await (const _ of session) await session.send(name);
    });
    await service.start();
  }
  const client = stage.client();
  await client.connect();
  const met = new Set<unknown>();
  for (let round = 0; round < 24; round++) {
    await using session = await client.openSession("svc.who");
    for (let sent = 0; sent < 5; sent++) await session.send("?");
    const names = new Set(await take(session, 5));
    assertEquals(names.size, 1, "all of one session come to one member");
    for (const name of names) met.add(name);
  }
  assertEquals([...met].sort(), ["a", "b"]);
});

onEveryProfile("NatsBroker.openSession() takes the first where several accept", async (stage) => {
  for (const name of ["a", "b"]) {
    const service = stage.service();
    service.session("svc.who", async (session) => {
      for await (const _ of session) await session.send(name);
    });
    await service.start();
  }
  const client = stage.client();
  await client.connect();
  await using session = await client.openSession("svc.who");
  for (let sent = 0; sent < 5; sent++) await session.send("?");
  await session.end();
  const names = await take(session, 100);
  assertEquals([names.length, new Set(names).size], [5, 1]);
});

onEveryProfile(
  "Session keeps fifty at once apart, and leaves nothing subscribed",
  async (stage) => {
    const { client } = await started(stage, (service) => {
      service.session("svc.echo.{id}", async (session) => {
        for await (const { body } of session) await session.send([session.params.id, body]);
      });
    });
    const idle = await stage.subscriptions();
    const talk = async (id: string) => {
      await using session = await client.openSession(`svc.echo.${id}`);
      const numbers = Array.from({ length: 20 }, (_, at) => at);
      const saying = meanwhile(async () => {
        for (const number of numbers) await session.send(number);
        await session.end();
      });
      assertEquals(await take(session, 100), numbers.map((number) => [id, number]));
      await saying;
      assertEquals(await session.closed, "complete");
    };
    await within(
      "all must be done",
      Promise.all(Array.from({ length: 50 }, (_, at) => talk(`${at}`))),
      30_000,
    );
    await until("no inbox must be left", async () => await stage.subscriptions() <= idle);
  },
);

onEveryProfile("NatsRouter.session() has a prefix, and its middleware around it", async (stage) => {
  const order: string[] = [];
  const { client } = await started(stage, (service) => {
    const router = new NatsRouter().use(async ({ headers, body }, next) => {
      if (headers.get("x-key") !== "secret") throw new ReplyError(403, "Who are you?");
      order.push(`before ${body}`);
      await next();
      order.push("after");
    });
    router.session("room.{id}", async (session) => {
      order.push(`serving ${session.params.id}`);
      for await (const { body } of session) await session.send(body);
    });
    service.include(router, { prefix: "svc." });
  });
  const headers = { "X-Key": "secret" };
  const session = await client.openSession("svc.room.7", "opening", { headers });
  await session.send("in");
  assertEquals(await take(session, 1), ["in"]);
  assertEquals(order, ["before opening", "serving 7"]);
  await session.end();
  await until("the session must be over", () => order.includes("after"));
  assertEquals(order, ["before opening", "serving 7", "after"]);
  const error = await assertRejects(() => client.openSession("svc.room.7"), RemoteError);
  assertEquals([error.code, error.description], [403, "Who are you?"]);
});
