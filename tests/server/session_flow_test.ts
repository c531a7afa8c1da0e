import { LinkError, TimeoutError } from "@signalbox/nats";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { bothEnds, take } from "../support/link_ends.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { meanwhile, steady, within } from "../support/within.ts";

const range = (length: number) => Array.from({ length }, (_, at) => at);

for (const direction of ["to the service", "to the client"]) {
  onEveryProfile(`Session.send() ${direction} waits for room`, async (stage) => {
    const narrow = { window: { messages: 8 } };
    const { opened, served } = await bothEnds(stage, { serving: narrow, opening: narrow });
    const [writer, reader] = direction === "to the service" ? [opened, served] : [served, opened];
    let sent = 0;
    const sending = meanwhile(async () => {
      for (; sent < 100; sent++) await writer.send(sent);
      await writer.end();
    });
    const untouched = await steady(() => sent);
    assert(untouched >= 1 && untouched <= 8 + 4, `${untouched} before any was read`);
    assertEquals(await take(reader, 30), range(30));
    const stalled = await steady(() => sent);
    assert(stalled >= 30 && stalled <= 30 + 8 + 4, `${stalled} after 30 were read`);
    assertEquals(await take(reader, 1_000), range(100).slice(30));
    await within("all must be taken", sending);
  });
}

onEveryProfile("Session.send() bounds what is on its way in bytes as well", async (stage) => {
  const { opened, served } = await bothEnds(stage, { serving: { window: { bytes: 50_000 } } });
  let sent = 0;
  const sending = meanwhile(async () => {
    for (; sent < 50; sent++) await opened.send("x".repeat(10_000));
  });
  const untouched = await steady(() => sent);
  assert(untouched >= 1 && untouched <= 5 + 4, `${untouched} before any was read`);
  assertEquals((await take(served, 50)).length, 50);
  await within("all must be taken", sending);
});

onEveryProfile("Session.send() one way goes on while the other way stalls", async (stage) => {
  const narrow = { window: { messages: 4 } };
  const { opened, served } = await bothEnds(stage, { serving: narrow, opening: narrow });
  let stuck = 0;
  const sending = meanwhile(async () => {
    for (; stuck < 50; stuck++) await opened.send(stuck);
  });
  await steady(() => stuck);
  const back = meanwhile(async () => {
    for (const n of range(50)) await served.send(n);
  });
  assertEquals(await take(opened, 50), range(50));
  await within("what is read must find room", back);
  assert(stuck < 50);
  assertEquals(await take(served, 50), range(50));
  await within("all must be taken", sending);
});

onEveryProfile(
  "Session.send() stops waiting when its signal aborts, and has sent",
  async (stage) => {
    const { opened, served } = await bothEnds(stage, { serving: { window: { messages: 2 } } });
    const controller = new AbortController();
    let sent = 0;
    const sending = meanwhile(() =>
      assertRejects(
        async () => {
          for (; sent < 100; sent++) await opened.send(sent, { signal: controller.signal });
        },
        Error,
        "enough",
      )
    );
    await steady(() => sent);
    controller.abort(new Error("enough"));
    await sending;
    const ended = meanwhile(() => opened.end());
    assertEquals(await take(served, 1_000), range(sent + 1));
    await within("all must be taken", ended);
  },
);

onEveryProfile(
  "Session.next() gives up at its timeout or by its signal, and misses nothing",
  async (stage) => {
    const { opened, served } = await bothEnds(stage);
    const error = await assertRejects(() => opened.next({ timeout: 60 }), TimeoutError);
    assertEquals(error.timeout, 60);
    const controller = new AbortController();
    const waiting = meanwhile(() =>
      assertRejects(
        () => opened.next({ signal: controller.signal }),
        Error,
        "changed my mind",
      )
    );
    controller.abort(new Error("changed my mind"));
    await waiting;
    await served.send("late");
    assertEquals((await opened.next({ timeout: 5_000 }))?.body, "late");
    const calls = [opened.next({ timeout: 5_000 }), opened.next({ timeout: 5_000 })];
    for (const body of ["first", "second"]) await served.send(body);
    assertEquals((await Promise.all(calls)).map((message) => message?.body), ["first", "second"]);
  },
);

for (const first of ["client", "service"]) {
  onEveryProfile(`Session.end() of the ${first} leaves the other way open`, async (stage) => {
    const { opened, served } = await bothEnds(stage);
    const [ending, going] = first === "client" ? [opened, served] : [served, opened];
    for (const body of ["last", "words"]) await ending.send(body);
    await within("the other side must have all", ending.end());
    assertEquals(await take(going, 100), ["last", "words"]);
    assertEquals(await going.next({ timeout: 5_000 }), undefined);
    await assertRejects(() => ending.send("too late"));
    for (const n of range(20)) await going.send(n);
    assertEquals(await take(ending, 20), range(20));
    assertEquals([ending.signal.aborted, going.signal.aborted], [false, false]);
    await within("the other side must have all", going.end());
    assertEquals(await ending.next({ timeout: 5_000 }), undefined);
    assertEquals(
      await within("both must end", Promise.all([opened.closed, served.closed])),
      ["complete", "complete"],
    );
  });
}

onEveryProfile("Session.close() is done once all that was sent has arrived", async (stage) => {
  const read: unknown[] = [];
  const { opened, served } = await bothEnds(stage, {
    serve: async (session) => {
      for await (const { body } of session) read.push(body);
    },
  });
  for (const n of range(200)) void opened.send(n);
  await within("it must close", opened.close());
  await within("it must close again", opened.close());
  assertEquals(await within("it must end", served.closed), "complete");
  assertEquals(read, range(200));
  assertEquals(await opened.closed, "complete");
  assertEquals(await opened.next(), undefined);
  await assertRejects(() => opened.send("too late"), LinkError);
});

onEveryProfile("Session closes at the end of an `await using` scope", async (stage) => {
  const { client, opened, served } = await bothEnds(stage, {
    serve: async (session) => {
      for await (const { body } of session) await session.send(body);
    },
  });
  await opened.close();
  assertEquals(await within("it must end", served.closed), "complete");
  let ended: Promise<unknown>;
  {
    await using session = await client.openSession("svc.talk");
    ended = session.closed;
    await session.send("in");
    assertEquals(await take(session, 1), ["in"]);
  }
  assertEquals(await within("it must end", ended), "complete");
});

onEveryProfile("Session.readable and writable are the session as Web Streams", async (stage) => {
  const { opened, served } = await bothEnds(stage, {
    serve: (session) => session.readable.pipeTo(session.writable),
  });
  const bodies = range(300);
  const writing = meanwhile(() => ReadableStream.from(bodies).pipeTo(opened.writable));
  assertEquals(await within("all must come back", Array.fromAsync(opened.readable)), bodies);
  await within("all must be written", writing);
  assertEquals(
    await within("both must end", Promise.all([opened.closed, served.closed])),
    ["complete", "complete"],
  );
});

onEveryProfile("Session.writable waits for room, as send() does", async (stage) => {
  const { opened, served } = await bothEnds(stage, { serving: { window: { messages: 8 } } });
  let given = 0;
  const source = new ReadableStream({
    pull(controller) {
      if (given === 100) controller.close();
      else controller.enqueue(given++);
    },
  }, { highWaterMark: 0 });
  const writing = meanwhile(() => source.pipeTo(opened.writable));
  const untouched = await steady(() => given);
  assert(untouched >= 1 && untouched <= 8 + 6, `${untouched} before any was read`);
  assertEquals(await take(served, 1_000), range(100));
  await within("all must be written", writing);
});

onEveryProfile("Session.readable and writable end it when they are left", async (stage) => {
  const ways = [
    (session: { readable: ReadableStream }) => session.readable.cancel("enough"),
    (session: { writable: WritableStream }) => session.writable.abort("enough"),
  ];
  const { client, opened, served } = await bothEnds(stage);
  await opened.readable.cancel("enough");
  assertEquals(await within("it must be told", served.closed), "cancelled");
  for (const leave of ways) {
    const session = await client.openSession("svc.talk");
    await leave(session);
    assertEquals(await within("it must end", session.closed), "cancelled");
  }
});
