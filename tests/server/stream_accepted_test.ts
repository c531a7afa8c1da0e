import {
  LinkError,
  NoRespondersError,
  PermissionError,
  RemoteError,
  ReplyError,
  type Schema,
  TimeoutError,
  ValidationError,
} from "@signalbox/nats";
import { assertEquals, assertRejects } from "@std/assert";
import { onEveryServer } from "../support/backends.ts";
import { started } from "../support/link_ends.ts";
import { onEveryProfile } from "../support/profiles.ts";
import { within } from "../support/within.ts";

onEveryProfile("ReplyStream.accepted resolves before the first part is made", async (stage) => {
  const { promise: allowed, resolve: allow } = Promise.withResolvers<void>();
  const { client } = await started(stage, (service) => {
    service.subscriber("svc.slow", async function* () {
      await allowed;
      yield "part";
    });
  });
  const stream = client.requestStream("svc.slow");
  await within("it must be accepted", stream.accepted);
  allow();
  assertEquals(await Array.fromAsync(stream, ({ body }) => body), ["part"]);
  assertEquals(await stream.accepted, undefined);
});

onEveryProfile("ReplyStream.accepted rejects with the error of a refusal", async (stage) => {
  const { client } = await started(stage, (service) => {
    const refusal = () => Promise.reject(new ReplyError(409, "Not now", { wait: 5 }));
    service.subscriber("svc.plain", refusal);
    service.subscriber("svc.parts", { middleware: [refusal] }, async function* () {
      yield "part";
    });
  });
  for (const subject of ["svc.plain", "svc.parts"]) {
    const stream = client.requestStream(subject);
    const error = await assertRejects(() => stream.accepted, RemoteError);
    assertEquals([error.code, error.data, error.subject], [409, { wait: 5 }, subject]);
    await assertRejects(() => Array.fromAsync(stream), RemoteError, "Not now");
    assertEquals(await stream.closed, "error");
  }
  await assertRejects(() => client.requestStream("svc.nobody").accepted, NoRespondersError);
});

onEveryServer(
  "ReplyStream.accepted resolves with the first part of a plain answer",
  async (server) => {
    const [broker, other] = [server.broker(), server.broker()];
    await Promise.all([broker.start(), other.start()]);
    const questions = await other.openInbox();
    const stream = broker.requestStream(questions.subject, "how many", { timeout: 5_000 });
    const question = await questions.next();
    await other.publish(question!.replyTo!, 1);
    await within("it must be accepted", stream.accepted);
    for await (const { body } of stream) {
      assertEquals(body, 1);
      break;
    }
  },
);

onEveryServer("ReplyStream.accepted rejects where the program leaves before", async (server) => {
  const broker = server.broker();
  await broker.start();
  await using mute = await broker.openInbox();
  const closed = broker.requestStream(mute.subject);
  const { accepted } = closed;
  await closed.close();
  const error = await assertRejects(() => within("it must reject", accepted), LinkError);
  assertEquals(error.reason, "cancelled");
  const controller = new AbortController();
  const left = broker.requestStream(mute.subject, null, { signal: controller.signal });
  controller.abort(new RangeError("left"));
  await assertRejects(() => within("it must reject", left.accepted), RangeError, "left");
  const late = broker.requestStream(mute.subject, null, { timeout: 50 });
  await assertRejects(() => late.accepted, TimeoutError);
});

onEveryServer("ReplyStream.accepted may be left alone, whatever the refusal", async (server) => {
  const broker = server.broker();
  const schema: Schema<string> = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => Promise.resolve({ issues: [{ message: "unfit" }] }),
    },
  };
  await broker.start();
  const streams = [
    broker.requestStream("nobody"),
    broker.requestStream("nobody", "text", { sendSchema: schema }),
  ];
  const waiting = streams.map(({ accepted }) => accepted);
  await Promise.all(streams.map(({ closed }) => within("it must end", closed)));
  await assertRejects(() => waiting[0]!, NoRespondersError);
  await assertRejects(() => waiting[1]!, ValidationError);
  const again = broker.requestStream("nobody");
  await within("it must end", again.closed);
  await assertRejects(() => again.accepted, NoRespondersError);
});

onEveryServer("ReplyStream.accepted rejects where the request is not permitted", async (server) => {
  const broker = server.broker({ as: { user: "a", password: "b" } });
  await broker.start();
  await assertRejects(
    () => within("it must reject", broker.requestStream("secret").accepted),
    PermissionError,
  );
}, { users: [{ user: "a", password: "b", permissions: { publish: ["open"] } }] });
