import { RemoteError, type Session, ValidationError } from "@signalbox/nats";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { bothEnds, started, take } from "../support/link_ends.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { aNumber, aText } from "../support/schemas.ts";
import { within } from "../support/within.ts";

const MIXED = ["text", "12", "", 12, { a: [1] }, null, undefined, false, new Uint8Array([0, 255])];

async function echo(session: Session): Promise<void> {
  for await (const { body } of session) await session.send(body);
}

onEveryProfile(
  "NatsBroker.openSession() opens a channel on which both say what they like",
  async (stage) => {
    const { opened, served } = await bothEnds(stage, { serve: echo });
    assertEquals([opened.state, served.state], ["open", "open"]);
    for (const body of MIXED) await opened.send(body);
    assertEquals(await take(opened, MIXED.length), MIXED);
    await opened.end();
    assertEquals(await within("both must end", Promise.all([opened.closed, served.closed])), [
      "complete",
      "complete",
    ]);
    assertEquals([opened.state, served.state], ["closed", "closed"]);
  },
);

onEveryProfile("NatsBroker.session() lets the service say the first word", async (stage) => {
  const { opened } = await bothEnds(stage, {
    serve: async (session) => {
      await session.send("welcome");
      for await (const { body } of session) await session.send(`${body}!`);
      await session.send("goodbye");
    },
  });
  assertEquals((await opened.next({ timeout: 5_000 }))?.body, "welcome");
  await opened.send("hello");
  assertEquals((await opened.next({ timeout: 5_000 }))?.body, "hello!");
  await opened.end();
  assertEquals((await opened.next({ timeout: 5_000 }))?.body, "goodbye");
  assertEquals(await opened.next({ timeout: 5_000 }), undefined);
});

onEveryProfile("Session.opening has what the other side began with", async (stage) => {
  const accepted = Promise.withResolvers<Session<unknown, unknown, { readonly room: string }>>();
  const { client } = await started(stage, (service) => {
    service.session("svc.chat.{room}", { headers: { "X-Motd": "be kind" } }, async (session) => {
      accepted.resolve(session);
      for await (const { body, headers } of session) {
        await session.send(body, { headers: { "X-Echo": headers.get("x-mine")! } });
      }
    });
  });
  await using opened = await client.openSession("svc.chat.7", { name: "Ada" }, {
    headers: { "X-Client": "1" },
    correlationId: "work-7",
  });
  const served = await accepted.promise;
  assertEquals([served.params, opened.params], [{ room: "7" }, {}]);
  assertEquals([served.subject, opened.subject], ["svc.chat.7", "svc.chat.7"]);
  assertEquals(served.opening.body, { name: "Ada" });
  assertEquals(served.opening.headers.get("x-client"), "1");
  assertEquals(opened.opening.headers.get("x-motd"), "be kind");
  assertEquals([served.correlationId, opened.correlationId], ["work-7", "work-7"]);
  await opened.send("?", { headers: { "X-Mine": "yours" } });
  const answer = await opened.next({ timeout: 5_000 });
  assertEquals([answer?.headers.get("X-Echo"), answer?.correlationId], ["yours", "work-7"]);

  await using another = await client.openSession("svc.chat.8");
  assertMatch(another.correlationId, /^[0-9A-Za-z]{22}$/);
});

onEveryProfile("Session checks and types both directions by schemas", async (stage) => {
  const met = Promise.withResolvers<unknown>();
  const { client } = await started(stage, (service) => {
    const schemas = { openingSchema: aText, schema: aNumber, sendSchema: aText };
    service.session("svc.next.{id}", schemas, async (session) => {
      const name: string = session.opening.body;
      const id: string = session.params.id;
      try {
        for await (const { body } of session) {
          const next: number = body + 1;
          await session.send(`${name} ${id}: ${next}`);
        }
      } catch (error) {
        met.resolve(error);
      }
    });
  });
  {
    const options = { schema: aText, sendSchema: aNumber };
    await using session = await client.openSession("svc.next.a", "Ada", options);
    await assertRejects(() => session.send("one" as never), ValidationError);
    await session.send(41);
    const text: string | undefined = (await session.next({ timeout: 5_000 }))?.body;
    assertEquals(text, "Ada a: 42");
  }
  {
    await using session = await client.openSession("svc.next.b", "Bob", { schema: aNumber });
    await session.send(1);
    await assertRejects(() => session.next({ timeout: 5_000 }), ValidationError);
    await session.send("no number");
    assertEquals(
      (await within("the service must see it", met.promise)) instanceof ValidationError,
      true,
    );
  }
  const unfit = await assertRejects(() => client.openSession("svc.next.c", 7), RemoteError);
  assertEquals([unfit.code, unfit.data], [400, { issues: [{ message: "unfit", path: ["id"] }] }]);
});

onEveryProfile("NatsBroker.use() stands around what a session sends, in order", async (stage) => {
  const [client, service] = [stage.client(), stage.service()];
  const kinds = new Set<string>();
  for (const broker of [client, service]) {
    broker.use({
      publish: async (draft, next) => {
        kinds.add(draft.kind);
        if (draft.body === 1) await new Promise((resolve) => setTimeout(resolve, 20));
        return await next({ ...draft, headers: { "X-Passed": "1" } });
      },
    });
  }
  service.session("svc.echo", async (session) => {
    for await (const { body, headers } of session) {
      await session.send([body, headers.get("X-Passed")]);
    }
  });
  await Promise.all([service.start(), client.connect()]);
  await using session = await client.openSession("svc.echo");
  void session.send(1);
  void session.send(2);
  const ended = session.end();
  const bodies = [];
  for await (const { body, headers } of session) bodies.push([body, headers.get("X-Passed")]);
  await ended;
  assertEquals(bodies, [[[1, "1"], "1"], [[2, "1"], "1"]]);
  assertEquals([...kinds].sort(), ["message", "request"]);
});
