import { LinkError, NatsBroker, type OpenSessionOptions, type Session } from "@signalbox/nats";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { WorkerProcess } from "../soak/worker_process.ts";
import { onEveryServer } from "../support/backends.ts";
import { delay } from "../support/delay.ts";
import { LIMITED, onLimitedServer } from "../support/limited_users.ts";
import { drained, take } from "../support/link_ends.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { Spy } from "../support/spy.ts";
import { aborted, meanwhile, within } from "../support/within.ts";

const PEER = new URL("../support/link_peer.ts", import.meta.url);
const LIMITED_PEER = new URL("../support/limited_peer.ts", import.meta.url);
const LIMITED_OPENER = new URL("../support/limited_opener.ts", import.meta.url);
const READER = new URL("../support/stream_reader.ts", import.meta.url);
const OPENER = new URL("../support/link_opener.ts", import.meta.url);
const options = { logger: false, reconnect: { minDelay: 20, maxDelay: 50 } } as const;

/** A broker here, and a process that serves it. */
async function withPeer(
  behaviour: (client: NatsBroker, peer: WorkerProcess) => Promise<void>,
): Promise<void> {
  await using server = await NatsServer.start();
  await using peer = await WorkerProcess.start(server.url, PEER);
  await using client = new NatsBroker(server.url, options);
  await client.connect();
  await behaviour(client, peer);
}

/** A session in which numbers go both ways for as long as it lasts. */
async function flowing(client: NatsBroker, how: OpenSessionOptions) {
  const session = await client.openSession("svc.echo", null, how);
  const sending = meanwhile(() =>
    assertRejects(async () => {
      for (let n = 0;; n++) await session.send(n);
    }, LinkError)
  );
  assertEquals(await take(session, 100), Array.from({ length: 100 }, (_, at) => at));
  return { session, sending, reading: drained(session) };
}

/** Kills the peer, and gives the milliseconds until the session says that it is no longer open. */
async function killed(peer: WorkerProcess, session: Session): Promise<number> {
  const began = performance.now();
  const dead = peer.end("SIGKILL");
  await until("the session must notice", () => session.state !== "open");
  const took = performance.now() - began;
  await dead;
  return took;
}

/** A peer that is killed while numbers go both ways is noticed at once, and is gone after `resumeTimeout`. */
async function losesPeer(client: NatsBroker, peer: WorkerProcess): Promise<void> {
  const { session, sending, reading } = await flowing(client, { resumeTimeout: 3_000 });
  const noticed = await killed(peer, session);
  // far less than `keepAlive`, by which an idle peer is missed
  assert(noticed < 3_000, `${noticed} ms`);
  assertEquals(session.state, "paused");
  const began = performance.now();
  assertEquals(await within("it must end", session.closed), "peer-gone");
  const took = performance.now() - began;
  assert(took >= 2_700 && took < 6_000, `${took} ms`);
  assertEquals(session.state, "closed");
  assertEquals((await sending).reason, "peer-gone");
  const { error } = await reading;
  assertInstanceOf(error, LinkError);
  assertEquals(error.reason, "peer-gone");
  assertEquals((session.signal.reason as LinkError).reason, "peer-gone");
}

Deno.test("Session notices within a second that its peer was killed, and ends after resumeTimeout", async () => {
  await withPeer(losesPeer);
});

for (const [at, users] of LIMITED.entries()) {
  Deno.test(`Session notices within a second that its limited peer was killed [${users.tag}]`, async () => {
    await onLimitedServer(users, async (server) => {
      await using peer = await WorkerProcess.start(`${server.url}#${at}`, LIMITED_PEER);
      await using client = new NatsBroker(server.url, users.client);
      await client.connect();
      await losesPeer(client, peer);
    });
  });

  Deno.test(`Session of a limited side ends when the process that opened it is gone [${users.tag}]`, async () => {
    await onLimitedServer(users, async (server) => {
      await using service = new NatsBroker(server.url, users.service);
      const accepted = Promise.withResolvers<Session>();
      service.session("svc.talk", { resumeTimeout: 3_000 }, async (session) => {
        accepted.resolve(session);
        for await (const { body } of session) await session.send(body);
      });
      await service.start();
      await using peer = await WorkerProcess.start(`${server.url}#${at}`, LIMITED_OPENER);
      const session = await within("it must be opened", accepted.promise);
      const noticed = await killed(peer, session);
      assert(noticed < 4_000, `${noticed} ms`);
      assertEquals(session.state, "paused");
      assertEquals(await within("it must end", session.closed), "peer-gone");
    });
  });
}

Deno.test("Session notices within keepAlive that its idle peer was killed", async () => {
  await withPeer(async (client, peer) => {
    const session = await client.openSession("svc.echo", null, {
      keepAlive: 500,
      resumeTimeout: 2_400,
    });
    await session.send("in");
    assertEquals(await take(session, 1), ["in"]);
    const waiting = meanwhile(() =>
      assertRejects(() => session.next({ timeout: 20_000 }), LinkError)
    );
    // the waits between probes have grown as long as they may by then
    await delay(3_000);
    const noticed = await killed(peer, session);
    // a probe that the dying process has taken is missed a second later
    assert(noticed < 500 + 3_500, `${noticed} ms`);
    assertEquals(session.state, "paused");
    assertEquals(await within("it must end", session.closed), "peer-gone");
    assertEquals((await waiting).reason, "peer-gone");
  });
});

for (const side of ["client", "service"] as const) {
  onEveryServer(
    `Session of the ${side} goes on to ask its idle peer within keepAlive`,
    async (server) => {
      const [client, service] = [server.broker(), server.broker()];
      await using spy = await Spy.connect(server.url);
      const often = { keepAlive: 300 };
      service.session("svc.talk", side === "service" ? often : {}, (session) => session.closed);
      await service.start();
      await client.connect();
      await using _ = await client.openSession("svc.talk", null, side === "client" ? often : {});
      const ends = await spy.ends("svc.talk");
      const asking = side === "client" ? ends.opener : ends.server;
      // waits that nothing limits would be longer than a second by then
      await delay(3_000);
      spy.forget();
      await delay(5_000);
      const asked = spy.count(({ replyTo }) => replyTo.startsWith(`${asking}p`));
      assert(asked >= 6, `it asked ${asked} times`);
    },
  );
}

Deno.test("Session with a resumeTimeout of 0 ends as soon as its peer was killed", async () => {
  await withPeer(async (client, peer) => {
    const { session, sending, reading } = await flowing(client, { resumeTimeout: 0 });
    const noticed = await killed(peer, session);
    assert(noticed < 5_000, `${noticed} ms`);
    assertEquals(session.state, "closed");
    const reason = await session.closed;
    assert(reason === "peer-gone" || reason === "gap", reason);
    assertEquals((await sending).reason, reason);
    await reading;
  });
});

Deno.test("Session ends on the other side too when the process that opened it is gone", async () => {
  await using server = await NatsServer.start();
  await using service = new NatsBroker(server.url, options);
  const accepted = Promise.withResolvers<Session>();
  const serving = { keepAlive: 200, resumeTimeout: 1_300 };
  service.session("svc.talk", serving, async (session) => {
    accepted.resolve(session);
    await session.closed;
  });
  await service.start();
  await using peer = await WorkerProcess.start(server.url, OPENER);
  const session = await within("it must be opened", accepted.promise);
  assertEquals(await take(session, 1), ["hello"]);
  await peer.end("SIGKILL");
  assertEquals(await within("it must end", session.closed), "peer-gone");
});

Deno.test("ReplyStream says that the peer is gone when the process that streams was killed", async () => {
  await withPeer(async (client, peer) => {
    const stream = client.requestStream("svc.ticks", null, {
      keepAlive: 200,
      resumeTimeout: 1_300,
    });
    const iterator = stream[Symbol.asyncIterator]();
    for (let tick = 0; tick < 20; tick++) assertEquals((await iterator.next()).value?.body, tick);
    await peer.end("SIGKILL");
    const { error } = await drained(stream);
    assertInstanceOf(error, LinkError);
    assertEquals(error.reason, "peer-gone");
    assertEquals(await stream.closed, "peer-gone");
  });
});

for (const how of ["waits", "has no room"]) {
  Deno.test(`Message.signal of a streaming handler that ${how} aborts when its reader was killed`, async () => {
    await using server = await NatsServer.start();
    await using service = new NatsBroker(server.url, options);
    const told = Promise.withResolvers<AbortSignal>();
    const left = Promise.withResolvers<void>();
    const streams = { keepAlive: 200, resumeTimeout: 1_300 };
    service.subscriber("svc.endless", { streams }, async function* ({ signal }) {
      told.resolve(signal);
      try {
        yield "first";
        if (how === "waits") await aborted(signal);
        for (;;) yield "more";
      } finally {
        left.resolve();
      }
    });
    await service.start();
    await using reader = await WorkerProcess.start(server.url, READER);
    const signal = await told.promise;
    assert(!signal.aborted, "its reader is still there");
    await reader.end("SIGKILL");
    assertEquals(((await aborted(signal)) as LinkError).reason, "peer-gone");
    await within("the handler must leave", left.promise);
  });
}
