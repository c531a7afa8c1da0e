import { NatsBroker, TimeoutError } from "@signalbox/nats";
import { type JetStream, jetstream, stream } from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { onNatsServer } from "../support/backends.ts";
import { Interrupted } from "../support/jetstream/interrupted.ts";
import { NatsCluster } from "../support/nats_server/nats_cluster.ts";
import { NatsServer } from "../support/nats_server/nats_server.ts";
import { until } from "../support/nats_server/until.ts";

const mails = stream("MAILS", {
  subjects: ["mails.{user}"],
  allowMsgSchedules: true,
  declare: "create",
});
const NEEDS = { jetstream: true, since: "2.14" } as const;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const isNew = (version: string) => Number(version.split(".")[1]) >= 14;

/** How many mails each user has got. */
async function mailed(js: JetStream): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for await (const { params } of js.read(mails, { until: "now" })) {
    found.set(params.user, (found.get(params.user) ?? 0) + 1);
  }
  return found;
}

/** Resolves once no schedules are left. */
async function settled(js: JetStream): Promise<void> {
  await until("everything must be due", async () => {
    for await (const _ of js.schedules(mails)) return false;
    return true;
  }, { timeout: 30_000 });
}

Deno.test("ScheduledJob.cancel() tells the truth even while the server fires the schedule", () =>
  onNatsServer(async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, { streams: [mails] });
    await broker.start();
    const said = new Map<string, boolean>();
    for (let round = 0; round < 3; round++) {
      const at = new Date(Date.now() + 1_000);
      const users = Array.from({ length: 400 }, (_, each) => `${round}-${each}`);
      const jobs = await Promise.all(
        users.map((user) => js.schedule(`mails.${user}`, { at }, "due", { timeout: "30s" })),
      );
      await Promise.all(jobs.map(async (job, each) => {
        // before, while and after the schedule is due
        await pause(at.getTime() - Date.now() - 100 + each);
        said.set(users[each]!, await job.cancel({ timeout: "30s" }));
      }));
    }
    await settled(js);
    const fired = await mailed(js);
    const lies = [...said].filter(([user, isCancelled]) => isCancelled === fired.has(user));
    assertEquals(lies, []);
    assertEquals([...fired.values()].filter((times) => times > 1), []);
    const cancelled = [...said.values()].filter((one) => one).length;
    assert(cancelled > 0 && cancelled < said.size, `${cancelled} of ${said.size}`);
  }, NEEDS));

Deno.test("ScheduledJob.cancel() gives two processes the same answer while the schedule is due", () =>
  onNatsServer(async (server) => {
    const [one, other] = [server.broker(), server.broker()];
    const js = jetstream(one, { streams: [mails] });
    await one.start();
    await other.start();
    // all must be made and found before
    const at = new Date(Date.now() + 3_000);
    const names = Array.from({ length: 100 }, (_, each) => `${each}`);
    const timeout = "30s";
    const jobs = await Promise.all(
      names.map((name) => js.schedule(`mails.${name}`, { at }, "due", { name, timeout })),
    );
    const theirs = await Promise.all(
      names.map((name) => jetstream(other).scheduled("MAILS", name)),
    );
    await pause(at.getTime() - Date.now());
    const said = await Promise.all(
      jobs.map((job, each) =>
        Promise.all([job.cancel({ timeout }), theirs[each]!.cancel({ timeout })])
      ),
    );
    await settled(js);
    const fired = await mailed(js);
    for (const [each, both] of said.entries()) {
      assertEquals(both, [!fired.has(names[each]!), !fired.has(names[each]!)], names[each]);
    }
  }, NEEDS));

Deno.test("js.batch() postpones schedules that the server fires meanwhile, and loses none", () =>
  onNatsServer(async (server) => {
    const broker = server.broker();
    const js = jetstream(broker, {
      streams: [
        stream("MAILS", {
          subjects: ["mails.{user}"],
          allowMsgSchedules: true,
          allowAtomic: true,
          declare: "create",
        }),
      ],
    });
    await broker.start();
    const at = new Date(Date.now() + 1_000);
    const names = Array.from({ length: 150 }, (_, each) => `${each}`);
    await Promise.all(
      names.map((name) => js.schedule("mails.old", { at }, name, { name, timeout: "30s" })),
    );
    await Promise.all(names.map(async (name, each) => {
      await pause(at.getTime() - Date.now() - 100 + each * 3);
      // even a busy machine must finish before this is due
      const schedule = { in: "15s" } as const;
      await js.batch([
        [`mails.b${name}`, "stored"],
        [`mails.n${name}`, "later", { schedule, name, replace: true }],
      ], { timeout: "30s" });
    }));
    await settled(js);
    const fired = await mailed(js);
    const wanted = names.flatMap((name) => [`b${name}`, `n${name}`]);
    assertEquals(wanted.filter((user) => fired.get(user) !== 1), []);
  }, NEEDS));

Deno.test("js.schedule() and cancel() survive a killed server, and schedules that were due meanwhile fire once", async () => {
  await using server = await NatsServer.start({ config: 'jetstream: { store_dir: "streams" }' });
  if (!isNew(server.version)) return;
  const broker = new NatsBroker(server.url, {
    logger: false,
    reconnect: { minDelay: 20, maxDelay: 50 },
  });
  const js = jetstream(broker, { streams: [mails] });
  await broker.start();
  const timeout = "20s";
  const soon = await js.schedule("mails.soon", { in: "300ms" }, 1, { timeout });
  const gone = await js.schedule("mails.gone", { in: "4s" }, 1, { timeout });
  const later = await js.schedule("mails.later", { in: "1h" }, 1, { timeout });
  const every = await js.schedule("mails.every", { every: "1s" }, 1, { timeout });
  assertEquals(await gone.cancel({ timeout }), true);
  await server.kill();
  // while the server is down
  const cancelling = later.cancel({ timeout });
  const making = js.schedule("mails.made", { in: "10ms" }, 1, { timeout });
  await pause(1_500);
  await server.restart();
  assertEquals(await cancelling, true);
  await making;
  await until("all must be there", async () => {
    const fired = await mailed(js);
    return ["soon", "made", "every"].every((user) => fired.has(user));
  });
  assertEquals(await every.cancel({ timeout }), true);
  assertEquals([await soon.cancel({ timeout }), await later.cancel({ timeout })], [false, true]);
  await server.kill();
  await server.restart();
  await settled(js);
  const fired = await mailed(js);
  assertEquals([fired.get("soon"), fired.get("made")], [1, 1]);
  assertEquals([fired.has("gone"), fired.has("later")], [false, false]);
  await broker.stop();
});

Deno.test("js.schedule() stores one schedule over a connection that is cut again and again", async () => {
  await using interrupted = await Interrupted.start();
  const { reader, writer, proxy, server } = interrupted;
  if (!isNew(server.version)) return;
  const js = jetstream(reader.broker, { streams: [mails] });
  await until("the stream must be there", () => js.info(mails).catch(() => undefined));
  let isOver = false;
  const cutting = (async () => {
    while (!isOver) {
      await pause(60);
      proxy.cut();
    }
  })();
  const users = Array.from({ length: 60 }, (_, each) => `${each}`);
  const made = await Promise.all(users.map(async (user, each) => {
    await pause(each * 20);
    const options = { name: user, timeout: "20s" } as const;
    return await js.schedule(`mails.${user}`, { in: "1s" }, user, options);
  }));
  const cancelled = await Promise.all(
    made.map((job, each) => each % 3 === 0 ? job.cancel({ timeout: "20s" }) : false),
  );
  isOver = true;
  await cutting;
  const near = jetstream(writer.broker);
  await settled(near);
  const fired = await mailed(near);
  for (const [each, user] of users.entries()) {
    assertEquals(fired.get(user) ?? 0, cancelled[each] ? 0 : 1, user);
  }
});

Deno.test("ScheduledJob.cancel() keeps to the timeout and signal of each call, even if another call runs", async () => {
  await using interrupted = await Interrupted.start();
  const { reader, proxy, server } = interrupted;
  if (!isNew(server.version)) return;
  const js = jetstream(reader.broker, { streams: [mails] });
  await until("the stream must be there", () => js.info(mails).catch(() => undefined));
  const job = await js.schedule("mails.a", { in: "1h" });
  proxy.stall();
  const first = job.cancel({ timeout: "30s" });
  await assertRejects(() => job.cancel({ timeout: 50 }), TimeoutError, "50 ms have passed");
  const signal = AbortSignal.abort(new Error("no more"));
  await assertRejects(() => job.cancel({ signal }), Error, "no more");
  await assertRejects(() => job.cancel({ timeout: NaN }), TypeError, '"timeout" must be');
  proxy.resume();
  assertEquals([await first, await job.cancel()], [true, true]);
});

Deno.test("ScheduledJob.cancel() tells the truth even while the leader of a cluster is killed", async () => {
  await using cluster = await NatsCluster.start(3, { jetstream: true });
  if (!isNew(cluster.nodes[0]!.version)) return;
  const reconnect = { minDelay: 20, maxDelay: 50 };
  await using broker = new NatsBroker(cluster.urls, {
    logger: false,
    reconnect,
    pingInterval: "1s",
  });
  const held = stream("MAILS", {
    subjects: ["mails.{user}"],
    allowMsgSchedules: true,
    numReplicas: 3,
    declare: "create",
  });
  const js = jetstream(broker, { streams: [held] });
  await broker.start();
  const timeout = "50s";
  const users = Array.from({ length: 120 }, (_, each) => `${each}`);
  const at = new Date(Date.now() + 3_000);
  const jobs = await Promise.all(
    users.map((user) => js.schedule(`mails.${user}`, { at }, "due", { timeout })),
  );
  const { leader } = await js.info(held);
  const node = cluster.nodes.findIndex(({ name }) => name === leader);
  const said = jobs.map(async (job, each) => {
    await pause(at.getTime() - Date.now() - 300 + each * 10);
    return await job.cancel({ timeout });
  });
  await pause(at.getTime() - Date.now() + 100);
  await cluster.kill(node);
  const answers = await Promise.all(said);
  await cluster.restart(node);
  await settled(js);
  const fired = await mailed(js);
  const lies = users.filter((user, each) => answers[each] === fired.has(user));
  assertEquals(lies, []);
  assertEquals([...fired.values()].filter((times) => times > 1), []);
});
