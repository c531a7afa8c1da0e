import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ConflictError,
  consumer,
  jetstream,
  priority,
  type Unique,
  workQueue,
} from "../../src/jetstream/mod.ts";
import {
  type Backend,
  onEmbeddedServer,
  onEveryJetStream,
  onNatsServer,
  type User,
} from "../support/backends.ts";
import { admin, inboxPrefix, permittedUser } from "../support/jetstream/permitted.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const DECLARED = { subjects: ["jobs.{class}.{id}"], declare: "create" } as const;
const queue = workQueue("JOBS", { ...DECLARED, unique: "while-queued" });
const ALL: User = { user: "all", password: "p" };
/** The server refuses its acknowledgements of the queue, as if it were killed before them. */
const MUTE: User = {
  user: "mute",
  password: "p",
  permissions: { publish: { deny: ["$JS.ACK.JOBS.work.>"] } },
};
/** The server refuses all its acknowledgements. */
const DUMB: User = {
  user: "dumb",
  password: "p",
  permissions: { publish: { deny: ["$JS.ACK.JOBS.>"] } },
};

/** How many jobs have left their subjects and are still in the queue. */
async function moved(shop: Workshop): Promise<number> {
  const { subjects = {} } = (await shop.stream("JOBS")).state;
  return Object.keys(subjects).filter((each) => each.startsWith("_SIGNALBOX.JOBS.for.work."))
    .length;
}

for (const [lost, as] of [["the queued job", MUTE], ["anything", DUMB]] as const) {
  onEveryJetStream(
    `workQueue() with unique: "while-queued" runs a job whose process dies before it acknowledges ${lost}`,
    async (server) => {
      const shop = await Workshop.at(server, { auth: ALL });
      const js = jetstream(shop.broker, { streams: [queue] });
      const work = consumer(queue, "work", { ackWait: "500ms" });
      const dying = server.broker({ as });
      const first: string[] = [];
      dying.subscriber(work, ({ params }) => {
        first.push(params.id);
        return new Promise(() => {});
      });
      await dying.start();
      await js.publish("jobs.mail.7", 1);
      await until("it must be stored off its subject", async () => await moved(shop) === 1);
      await dying.stop({ timeout: 0 }).catch(() => {});
      const broker = server.broker({ as: ALL });
      const seen: string[] = [];
      broker.subscriber(work, ({ params, delivery }) => {
        seen.push(`${params.id} ${delivery.id}`);
      });
      await broker.start();
      await shop.emptied("JOBS");
      await js.publish("jobs.mail.7", 2);
      await until("the next one must run", () => seen.length === 2);
      assertEquals(seen[0], "7 JOBS:1");
      assert(first.length <= 1);
    },
    { users: [ALL, MUTE, DUMB] },
  );
}

function bothOf(unique: Unique | undefined, declare: "verify" | "create") {
  const jobs = workQueue("JOBS", { ...DECLARED, declare, ...unique && { unique } });
  return priority(
    consumer(jobs, "urgent", { subject: "jobs.urgent.{id}" }),
    consumer(jobs, "normal", { subject: "jobs.normal.{id}" }),
  );
}

for (const declare of ["verify", "create"] as const) {
  for (const unique of [undefined, "while-queued", "until-done", "replace"] as const) {
    for (
      const [kind, on] of [["nats-server", onNatsServer], ["embedded", onEmbeddedServer]] as const
    ) {
      Deno.test(`priority() with unique: ${unique} needs no more than permissions() lists, with declare: "${declare}" [${kind}]`, async () => {
        const user = permittedUser((broker) => {
          broker.subscriber(bothOf(unique, declare), () => {});
        });
        await on(async (server: Backend) => {
          const shop = await Workshop.at(server, { auth: admin });
          if (declare === "verify") {
            const maker = server.broker({ as: admin });
            maker.subscriber(bothOf(unique, "create"), () => {});
            await maker.start();
            await maker.stop();
          }
          const broker = server.broker({ as: user, inboxPrefix });
          const errors = errorsOf(broker);
          const seen: string[] = [];
          broker.subscriber(bothOf(unique, declare), { concurrency: 1 }, ({ params, delivery }) => {
            seen.push(params.id);
            if (delivery.attempt === 1 && params.id === "7") throw new Error("once more");
          });
          await broker.start();
          for (const each of ["urgent.7", "normal.8"]) await shop.store(`jobs.${each}`, 1);
          await shop.emptied("JOBS");
          assertEquals(seen.sort(), ["7", "7", "8"]);
          assertEquals(errors, ["once more"]);
        }, { jetstream: true, users: [admin, user] });
      });
    }
  }
}

onEveryJetStream(
  "priority() goes on with one consumer while another is gone, and takes that up again",
  async (server) => {
    const shop = await Workshop.at(server);
    const maker = server.broker();
    maker.subscriber(bothOf(undefined, "create"), () => {});
    await maker.start();
    await maker.stop();
    const broker = server.broker();
    const errors = errorsOf(broker);
    const seen: string[] = [];
    broker.subscriber(bothOf(undefined, "verify"), { concurrency: 1 }, ({ params }) => {
      seen.push(params.id);
    });
    await broker.start();
    const { config } = await shop.consumer("JOBS", "urgent");
    await shop.api.call("CONSUMER.DELETE.JOBS.urgent");
    for (let at = 0; at < 20; at++) await shop.store(`jobs.normal.${at}`, at);
    await until("the other one must be handled", () => seen.length === 20);
    await until(
      "it must be told",
      () => errors.some((text) => text.includes('there is no consumer "urgent"')),
    );
    await shop.store("jobs.urgent.last", 1);
    await shop.api.call("CONSUMER.CREATE.JOBS.urgent.jobs.urgent.*", {
      stream_name: "JOBS",
      config,
      action: "create",
    });
    await until("it must be taken up", () => seen.at(-1) === "last", { timeout: 20_000 });
  },
);

onEveryJetStream(
  "priority() works again after its broker has stopped and started",
  async (server) => {
    const shop = await Workshop.at(server);
    const broker = server.broker();
    const seen: string[] = [];
    broker.subscriber(bothOf("while-queued", "create"), { concurrency: 2 }, ({ params }) => {
      seen.push(params.id);
    });
    for (let round = 0; round < 3; round++) {
      await broker.start();
      for (const each of ["urgent", "normal"]) await shop.store(`jobs.${each}.${round}`, 1);
      await until("both must be handled", () => seen.length === 2 * (round + 1));
      await broker.stop();
    }
    const js = jetstream(shop.broker);
    await js.publish("jobs.urgent.1", 1);
    await assertRejects(() => js.publish("jobs.urgent.1", 2), ConflictError);
  },
);
