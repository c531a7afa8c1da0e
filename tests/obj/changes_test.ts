import { NatsBroker } from "@signalbox/nats";
import { type ObjectChange, ObjectError, objects } from "@signalbox/nats/obj";
import { assertEquals, assertThrows } from "@std/assert";
import { onEveryJetStream } from "../support/backends.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";
import { bytesOf, consumersIn, filesOn, infoSubject, store } from "../support/objects.ts";
import { errorsIn, recorded } from "../support/recorded.ts";
import { within } from "../support/within.ts";

const seen = ({ kind, name, size, isInitial }: ObjectChange) => [kind, name, size, isInitial];

onEveryJetStream(
  "Objects.changes() give the initial state, and then each change",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    for (const name of ["a b", "b", "gone"]) await files.put(name, bytesOf(10));
    await files.delete("gone");
    {
      await using reader = await files.changes().open();
      const next = async () => (await reader.next({ timeout: 5_000 }))!;
      const first = await next();
      assertEquals(seen(first.change), ["put", "a b", 10, true]);
      assertEquals([first.body?.name, first.body?.chunks, first.params], ["a b", 1, {}]);
      assertEquals(seen((await next()).change), ["put", "b", 10, true]);
      assertEquals(seen((await next()).change), ["delete", "gone", undefined, true]);
      await files.put("b", bytesOf(200_000));
      await files.link("l", { name: "b" });
      await files.delete("a b");
      assertEquals(seen((await next()).change), ["put", "b", 200_000, false]);
      assertEquals(await within("all must be there", reader.initial), true);
      const { change } = await next();
      assertEquals(change.kind === "put" && change.link, { bucket: "files", name: "b" });
      const last = await next();
      assertEquals([seen(last.change), last.body], [
        ["delete", "a b", undefined, false],
        undefined,
      ]);
    }
    await until("no consumer is left", async () => await consumersIn(broker) === 0);
  },
);

onEveryJetStream(
  "Objects.changes() of an empty bucket say at once that all is there",
  async (server) => {
    const broker = server.broker();
    const files = objects(broker, "files", { declare: "create" });
    const told = Promise.withResolvers<void>();
    const handled: unknown[] = [];
    broker.subscriber(files.changes({ onInitial: told.resolve }), ({ change }) => {
      handled.push(seen(change));
    });
    await broker.start();
    await within("it must be told", told.promise);
    await using reader = await files.changes().open();
    assertEquals(await within("it must be told", reader.initial), true);
    await files.put("a", bytesOf(5));
    assertEquals(seen((await reader.next())!.change), ["put", "a", 5, false]);
    await until("it is handled", () => handled.length === 1);
    assertEquals(handled, [["put", "a", 5, false]]);
  },
);

onEveryJetStream("Objects.changes() begin where their options say", async (server) => {
  const broker = server.broker();
  const files = await filesOn(broker);
  const { revision } = await files.put("a", bytesOf(1));
  await files.put("b", bytesOf(2));
  const first = async (options: Parameters<typeof files.changes>[0]) => {
    await using reader = await files.changes(options).open();
    await files.put("c", bytesOf(3));
    return seen((await reader.next({ timeout: 5_000 }))!.change);
  };
  assertEquals(await first({ updatesOnly: true }), ["put", "c", 3, false]);
  assertEquals((await first({ after: revision })).slice(0, 3), ["put", "b", 2]);
  const wrong = (options: unknown) =>
    assertThrows(() => files.changes(options as never), TypeError).message;
  const start = 'Cannot follow the changes of the bucket "files" as ';
  assertEquals([wrong({ updatesOnly: true, after: 1 }), wrong({ history: true })], [
    `${start}at most one of "updatesOnly" and "after" must be given: 2 are`,
    `${start}an option must be one of updatesOnly, after, onInitial: "history"`,
  ]);
});

onEveryJetStream(
  "Objects.changes() go on behind an info that nobody can read, and tell it",
  async (server) => {
    const broker = server.broker();
    const files = await filesOn(broker);
    const errors = recorded(broker);
    await using reader = await files.changes().open();
    await store(broker, infoSubject("x"), "no JSON");
    await files.put("a", bytesOf(1));
    assertEquals((await reader.next({ timeout: 5_000 }))?.change.name, "a");
    const [error] = await until("it is told", () => {
      const found = errorsIn(errors);
      return found.length > 0 && found;
    });
    assertEquals(error instanceof ObjectError && [error.reason, error.object], ["unreadable", "x"]);
  },
);

Deno.test("Objects.changes() leave out and repeat nothing over restarts of the server", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  const options = { logger: false, reconnect: { minDelay: 10, maxDelay: 50 } } as const;
  await using broker = new NatsBroker(server.url, options);
  const files = await filesOn(broker);
  await files.put("before", bytesOf(1));
  await using reader = await files.changes({ updatesOnly: true }).open();
  const names: string[] = [];
  for (let turn = 0; turn < 5; turn++) {
    await files.put(`${turn}`, bytesOf(turn));
    await server.kill();
    await server.restart();
    await files.put(`${turn} again`, bytesOf(turn));
    for (let at = 0; at < 2; at++) names.push((await reader.next({ timeout: 8_000 }))!.change.name);
  }
  assertEquals(names, [0, 1, 2, 3, 4].flatMap((turn) => [`${turn}`, `${turn} again`]));
});
