import {
  InvalidSubjectError,
  LinkError,
  NoRespondersError,
  PayloadTooLargeError,
  RemoteError,
  TimeoutError,
} from "@signalbox/nats";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { bothEnds, started, take } from "../support/link_ends.ts";
import { until } from "../support/nats_server/until.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { aText } from "../support/schemas.ts";
import { meanwhile, within } from "../support/within.ts";

onEveryProfile("SessionOptions.maxSessions has one session too many told 429", async (stage) => {
  const { client } = await started(stage, (service) => {
    service.session("svc.few", { maxSessions: 2 }, (session) => session.closed);
    service.session("svc.many", (session) => session.closed);
  });
  const first = await client.openSession("svc.few");
  await using _second = await client.openSession("svc.few");
  const error = await assertRejects(() => client.openSession("svc.few"), RemoteError);
  assertEquals([error.code, error.subject], [429, "svc.few"]);
  await using _elsewhere = await client.openSession("svc.many");
  first.abort();
  const third = await until(
    "there must be room again",
    () => client.openSession("svc.few").catch(() => undefined),
  );
  await third.close();
});

onEveryServer(
  "SessionOptions.maxSessions lets 1 000 be open, if nothing else is said",
  async (server) => {
    const [client, service] = [server.broker(), server.broker()];
    service.session("svc.many", (session) => session.closed);
    await service.start();
    await client.connect();
    const opening = Array.from({ length: 1_000 }, () => client.openSession("svc.many"));
    const sessions = await Promise.all(opening);
    const error = await assertRejects(() => client.openSession("svc.many"), RemoteError);
    assertEquals(error.code, 429);
    for (const session of sessions) session.abort();
  },
);

onEveryProfile(
  "BrokerOptions.maxSessions counts sessions and streams of all subjects",
  async (stage) => {
    const [client, service] = [stage.client(), stage.service({ maxSessions: 2 })];
    service.session("svc.talk", (session) => session.closed);
    service.subscriber("svc.stream", async function* ({ signal }) {
      yield "first";
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    service.subscriber("svc.plain", () => "served all the same");
    await service.start();
    await client.connect();
    await using _session = await client.openSession("svc.talk");
    await using stream = client.requestStream("svc.stream");
    assertEquals((await stream[Symbol.asyncIterator]().next()).value?.body, "first");
    const error = await assertRejects(() => client.openSession("svc.talk"), RemoteError);
    assertEquals(error.code, 429);
    const another = client.requestStream("svc.stream");
    assertEquals((await assertRejects(() => Array.fromAsync(another), RemoteError)).code, 429);
    assertEquals((await client.request("svc.plain")).body, "served all the same");
  },
);

onEveryProfile("SessionOptions.openingRate has what comes too fast told 429", async (stage) => {
  const { client } = await started(stage, (service) => {
    service.session("svc.slow", { openingRate: 3 }, (session) => session.closed);
  });
  const opened = await Promise.allSettled(
    Array.from({ length: 12 }, () => client.openSession("svc.slow")),
  );
  const accepted = opened.filter(({ status }) => status === "fulfilled").length;
  // a machine that is slow may have let another second begin
  assert(accepted >= 3 && accepted <= 7, `${accepted} were accepted`);
  for (const one of opened) {
    if (one.status === "rejected") assertEquals((one.reason as RemoteError).code, 429);
  }
});

onEveryProfile(
  "NatsBroker.openSession() tells what the other side does not take",
  async (stage) => {
    const { client } = await started(stage, (service) => {
      service.session("svc.named", { openingSchema: aText }, (session) => session.closed);
      service.subscriber("svc.plain", () => "an answer");
      service.subscriber("svc.stream", async function* () {
        yield "part";
      });
    });
    const unfit = await assertRejects(() => client.openSession("svc.named", 7), RemoteError);
    assertEquals([unfit.code, unfit.data], [400, { issues: [{ message: "unfit", path: ["id"] }] }]);
    const plainly = await assertRejects(() => client.openSession("svc.plain"), LinkError);
    assertEquals(plainly.subject, "svc.plain");
    // who streams knows what is asked for, and may refuse it itself
    const streaming = await assertRejects(() => client.openSession("svc.stream"));
    assert(streaming instanceof LinkError || (streaming as RemoteError).code === 400);
    const asked = await assertRejects(() => client.request("svc.named", "?"), RemoteError);
    assertEquals(asked.code, 400);
    const nobody = await assertRejects(() => client.openSession("svc.nobody"), NoRespondersError);
    assertEquals(nobody.subject, "svc.nobody");
    const plain = await stage.plain("service");
    plain.subscribe("svc.silence", { callback() {} });
    await plain.flush();
    const silent = () => client.openSession("svc.silence", null, { timeout: 80 });
    assertEquals((await assertRejects(silent, TimeoutError)).timeout, 80);
  },
);

for (const direction of ["to the service", "to the client"]) {
  onEveryProfile(
    `Session.send() ${direction} refuses what is above maxMessage, and goes on`,
    async (stage) => {
      const strict = { maxMessage: 10_000 };
      const toService = direction === "to the service";
      const { opened, served } = await bothEnds(
        stage,
        toService ? { serving: strict } : { opening: strict },
      );
      const [writer, reader] = toService ? [opened, served] : [served, opened];
      await writer.send("before");
      const large = () => writer.send(new Uint8Array(10_001));
      const error = await assertRejects(large, PayloadTooLargeError);
      assertEquals([error.size, error.limit], [10_001, 10_000]);
      await writer.send(new Uint8Array(10_000));
      const bodies = await take(reader, 2);
      assertEquals([bodies[0], (bodies[1] as Uint8Array).length], ["before", 10_000]);
      await reader.send(new Uint8Array(20_000));
      assertEquals(((await take(writer, 1))[0] as Uint8Array).length, 20_000);
      assertEquals(writer.state, "open");
    },
    { maxPayload: 4_096 },
  );

  onEveryProfile(`Session.send() ${direction} splits what is above max_payload`, async (stage) => {
    const { opened, served } = await bothEnds(stage);
    const [writer, reader] = direction === "to the service" ? [opened, served] : [served, opened];
    for (const times of [3, 10]) {
      const size = times * 4_096;
      const bodies = [
        new Uint8Array(size).map((_, at) => at % 251),
        "é".repeat(size / 2),
        "small",
        { list: Array.from({ length: size / 4 }, (_, at) => `${at}`.padStart(4)) },
        new Uint8Array(4_096),
        "x".repeat(4_095),
      ];
      const sending = meanwhile(async () => {
        for (const body of bodies) await writer.send(body, { headers: { "X-Kept": "yes" } });
      });
      for (const body of bodies) {
        const message = await reader.next({ timeout: 10_000 });
        assertEquals(message?.body, body);
        assertEquals(message?.headers.get("x-kept"), "yes");
      }
      await within("all must be taken", sending);
    }
  }, { maxPayload: 4_096 });
}

const WRONG = [
  { window: { messages: 0 } },
  { window: { frames: 1 } },
  { maxMessage: -1 },
  { keepAlive: 0 },
  { resumeTimeout: Infinity },
  { idleTimeout: 0 },
  { schema: {} },
  { sendSchema: 7 },
  { retries: 3 },
];

onEveryProfile("NatsBroker.openSession() refuses bad input before it is sent", async (stage) => {
  const client = stage.client();
  await client.connect();
  for (const subject of ["", "a..b", "a.*", "a.>", "a b", "\ud800"]) {
    await assertRejects(() => client.openSession(subject), InvalidSubjectError, "Cannot open");
  }
  for (const options of [...WRONG, { timeout: -1 }, { deadline: "soon" }, { signal: 1 }]) {
    const [name] = Object.keys((options as { window?: object }).window ?? options);
    const wrong = () => client.openSession("svc.a", 1, options as never);
    await assertRejects(wrong, TypeError, `"${name}"`);
  }
});

onEveryProfile("NatsBroker.session() refuses what could never be served", async (stage) => {
  const service = stage.service();
  const serve = () => {};
  for (const pattern of ["", "a..b", "a b", "a.>.b", "{a}.{a}"]) {
    assertThrows(() => service.session(pattern, serve), InvalidSubjectError);
  }
  const own = [{ queue: "a b" }, { headers: 7 }, { middleware: [7] }, { maxSessions: 0 }];
  for (const options of [...WRONG, ...own, { openingRate: 0 }]) {
    const [name] = Object.keys((options as { window?: object }).window ?? options);
    const wrong = () => service.session("svc.a", options as never, serve);
    assertThrows(wrong, TypeError, `"${name}"`);
  }
  service.subscriber("svc.taken", () => "mine");
  assertThrows(() => service.session("svc.taken", serve), TypeError);
  service.session("svc.room.{id}", serve);
  assertThrows(() => service.subscriber("svc.room.*", () => "mine"), TypeError);
  await Promise.resolve();
});
