import { LinkError, RemoteError, ReplyError, type Session } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { bothEnds, drained, take } from "../support/link_ends.ts";
import { type Backend, onEveryServer } from "../support/backends.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { Spy } from "../support/spy.ts";
import { aborted, meanwhile, within } from "../support/within.ts";

/** How both ends of a session ended, each by its own account. */
async function ends(...sessions: Session[]): Promise<unknown[]> {
  return await within("both must be told", Promise.all(sessions.map(({ closed }) => closed)));
}

/** What is told to whoever still wants something of an end that is over. */
async function refusals(session: Session): Promise<LinkError[]> {
  return [
    await assertRejects(() => session.send("too late"), LinkError),
    await assertRejects(() => session.next({ timeout: 5_000 }), LinkError),
  ];
}

onEveryProfile("Session.closed is `complete` once both have said all", async (stage) => {
  const { opened, served } = await bothEnds(stage);
  for (const body of [1, 2, 3]) await served.send(body);
  await Promise.all([served.end(), opened.end()]);
  assertEquals(await ends(opened, served), ["complete", "complete"]);
  assertEquals(await take(opened, 3), [1, 2, 3]);
  for (const session of [opened, served]) {
    assertEquals(await session.next(), undefined);
    const error = await assertRejects(() => session.send("too late"), LinkError);
    assertEquals([error.reason, error.subject], ["complete", "svc.talk"]);
    assertEquals(((await aborted(session.signal)) as LinkError).reason, "complete");
    await within("what is over can be closed", session.close());
  }
});

onEveryProfile(
  "Session.closed is `error` if the handler throws, typed for the client",
  async (stage) => {
    const { opened, served } = await bothEnds(stage, {
      serve: async (session) => {
        for (const body of [1, 2, 3]) await session.send(body);
        await session.next();
        throw new ReplyError(409, "The room is full", { seats: 3 });
      },
    });
    await opened.send("let me in");
    assertEquals(await ends(opened, served), ["error", "error"]);
    const { bodies, error } = await drained(opened);
    assertEquals(bodies, [1, 2, 3]);
    assertInstanceOf(error, RemoteError);
    assertEquals(
      [error.code, error.description, error.data, error.subject],
      [409, "The room is full", { seats: 3 }, "svc.talk"],
    );
    await assertRejects(() => opened.send("too late"), RemoteError);
    assert(opened.signal.aborted && served.signal.aborted);
  },
);

onEveryProfile("Session says no more of an exception than 500", async (stage) => {
  const { opened, served } = await bothEnds(stage, {
    serve: () => Promise.reject(new Error("secret")),
  });
  assertEquals(await ends(opened, served), ["error", "error"]);
  const error = await assertRejects(() => opened.next({ timeout: 5_000 }), RemoteError);
  assertEquals([error.code, error.description], [500, "Internal error"]);
  assert(!JSON.stringify(error.data).includes("secret"));
});

for (const side of ["client", "service"] as const) {
  onEveryProfile(
    `Session.abort() of the ${side} gives a ReplyError to the other`,
    async (stage) => {
      const { opened, served } = await bothEnds(stage);
      const [leaving, told] = side === "client" ? [opened, served] : [served, opened];
      const waiting = meanwhile(() =>
        assertRejects(() => told.next({ timeout: 5_000 }), RemoteError)
      );
      leaving.abort(new ReplyError(418, "A teapot", { short: true }));
      const { code, description, data } = await waiting;
      assertEquals([code, description, data], [418, "A teapot", { short: true }]);
      assertEquals(await within("it must be told", told.closed), "error");
      await within("it must end", leaving.closed);
    },
  );

  onEveryProfile(`Session.abort() of the ${side} tells the other within 100 ms`, async (stage) => {
    const narrow = { window: { messages: 2 } };
    const { opened, served } = await bothEnds(stage, { serving: narrow, opening: narrow });
    const [leaving, told] = side === "client" ? [opened, served] : [served, opened];
    const sending = meanwhile(() =>
      assertRejects(async () => {
        for (;;) await told.send("more");
      }, LinkError)
    );
    const reading = meanwhile(() => assertRejects(() => told.next({ timeout: 5_000 }), LinkError));
    assertEquals(await take(leaving, 1), ["more"]);
    const began = performance.now();
    leaving.abort("changed my mind");
    const reason = await aborted(told.signal);
    const took = performance.now() - began;
    assert(took < 4_000, `${took} ms, as if by a timeout`);
    assertInstanceOf(reason, LinkError);
    for (const error of [reason, await sending, await reading]) {
      assertEquals([error.reason, error.description], ["cancelled", "changed my mind"]);
    }
    assertEquals(await ends(opened, served), ["cancelled", "cancelled"]);
    await refusals(told);
    assertEquals(await leaving.next(), undefined);
    assertEquals(((await aborted(leaving.signal)) as LinkError).reason, "cancelled");
    const late = await assertRejects(() => leaving.send("too late"), LinkError);
    assertEquals(late.reason, "cancelled");
  });

  onEveryProfile(
    `Session tells the other side of the ${side} that its loop was left`,
    async (stage) => {
      const { opened, served } = await bothEnds(stage);
      const [leaving, told] = side === "client" ? [opened, served] : [served, opened];
      for (const body of [1, 2, 3]) await told.send(body);
      let began = 0;
      for await (const { body } of leaving) {
        assertEquals(body, 1);
        began = performance.now();
        break;
      }
      const reason = await aborted(told.signal);
      const took = performance.now() - began;
      assert(took < 4_000, `${took} ms, as if by a timeout`);
      assertEquals((reason as LinkError).reason, "cancelled");
      assertEquals(await ends(opened, served), ["cancelled", "cancelled"]);
    },
  );

  onEveryProfile(
    `Session ends as \`idle\` for both by the ${side}'s idleTimeout`,
    async (stage) => {
      const options = { idleTimeout: 2_000 };
      const { opened, served } = await bothEnds(
        stage,
        side === "client" ? { opening: options } : { serving: options },
      );
      await served.send("kept");
      const began = performance.now();
      assertEquals(await ends(opened, served), ["idle", "idle"]);
      const took = performance.now() - began;
      assert(took >= 1_900 && took < 5_000, `${took} ms`);
      assertEquals((await opened.next())?.body, "kept");
      for (const { reason } of await refusals(opened)) assertEquals(reason, "idle");
      assertEquals((served.signal.reason as LinkError).reason, "idle");
    },
  );
}

onEveryProfile("Session ends as `cancelled` by the signal it was opened with", async (stage) => {
  const controller = new AbortController();
  const { client, opened, served } = await bothEnds(stage, {
    opening: { signal: controller.signal },
  });
  controller.abort(new Error("changed my mind"));
  assertEquals(await ends(opened, served), ["cancelled", "cancelled"]);
  const { signal } = controller;
  const late = () => client.openSession("svc.talk", null, { signal });
  await assertRejects(late, Error, "changed my mind");
});

onEveryProfile(
  "Session ends as `deadline` for both, what came before can be read",
  async (stage) => {
    const { opened, served } = await bothEnds(stage, { opening: { deadline: 2_300 } });
    for (const body of [1, 2, 3]) await served.send(body);
    const waiting = meanwhile(() =>
      assertRejects(() => served.next({ timeout: 5_000 }), LinkError)
    );
    assertEquals(await ends(opened, served), ["deadline", "deadline"]);
    assertEquals((await waiting).reason, "deadline");
    assertEquals(await take(opened, 3), [1, 2, 3]);
    for (const { reason } of await refusals(opened)) assertEquals(reason, "deadline");
    for (const { signal } of [opened, served]) {
      assertEquals((await aborted(signal) as LinkError).reason, "deadline");
    }
  },
);

/** A session that bears no loss, and somebody who can forge its frames. */
async function brittle(server: Backend, spy: Spy) {
  const [client, service] = [server.broker(), server.broker()];
  const accepted = Promise.withResolvers<Session>();
  service.session("svc.talk", { resumeTimeout: 0 }, (session) => {
    accepted.resolve(session);
    return session.closed;
  });
  await service.start();
  await client.connect();
  const opened = await client.openSession("svc.talk", null, { resumeTimeout: 0 });
  return { opened, served: await accepted.promise, ...await spy.ends("svc.talk") };
}

for (const side of ["client", "service"] as const) {
  onEveryServer(
    `Session ends as \`gap\` for both when the ${side} misses a frame`,
    async (server) => {
      await using spy = await Spy.connect(server.url);
      const { opened, served, opener, server: accepter } = await brittle(server, spy);
      const [missing, from] = side === "client" ? [opener, accepter] : [accepter, opener];
      const waiting = [opened, served].map((session) =>
        meanwhile(() => assertRejects(() => session.next({ timeout: 5_000 }), LinkError))
      );
      // the first has never come
      await spy.say(`${missing}o1`, { replyTo: `${from}2t`, payload: "the second" });
      assertEquals(await ends(opened, served), ["gap", "gap"]);
      for (const { reason } of await Promise.all(waiting)) assertEquals(reason, "gap");
      for (const session of [opened, served]) {
        assertEquals(((await aborted(session.signal)) as LinkError).reason, "gap");
        for (const { reason } of await refusals(session)) assertEquals(reason, "gap");
      }
    },
  );
}
