import {
  consumer,
  type Declare,
  jetstream,
  type Stream,
  stream,
  type StreamOptions,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Backend, onEveryJetStream } from "../support/backends.ts";
import { errorsOf, Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const NEEDS = { since: "2.12" };
const OWN = "_SIGNALBOX.ORDERS.>";

const orders = (declare: Declare, options: StreamOptions = { allowMsgSchedules: true }) =>
  stream("ORDERS", {
    subjects: ["orders.{id}"],
    declare,
    ...options,
  });

/** Starts a broker that declares these streams. */
async function declaring(server: Backend, ...streams: Stream[]): Promise<Workshop> {
  const broker = server.broker();
  jetstream(broker, { streams });
  await broker.start();
  return Workshop.of(broker);
}

const subjectsOf = async (workshop: Workshop, name = "ORDERS") =>
  (await workshop.stream(name)).config.subjects;

/** Schedules a message for much later. */
const schedule = (workshop: Workshop, token: string, target = "orders.later") =>
  workshop.store(`_SIGNALBOX.ORDERS.schedule.${token}`, "scheduled", {
    "Nats-Schedule": `@at ${new Date(Date.now() + 3_600_000).toISOString()}`,
    "Nats-Schedule-Target": target,
  });

onEveryJetStream(
  "stream() with allowMsgSchedules adds the package's own subjects, and verify accepts them",
  async (server) => {
    const workshop = await declaring(server, orders("create"));
    assertEquals(await subjectsOf(workshop), ["orders.*", OWN]);
    for (const declare of ["verify", "create", "update", "leave"] as const) {
      await declaring(server, orders(declare));
      await declaring(server, orders(declare, {}));
    }
    assertEquals(await subjectsOf(workshop), ["orders.*", OWN]);
    const facts = await jetstream(workshop.broker).info(orders("verify"));
    assertEquals(facts.subjects, ["orders.*"]);
  },
  NEEDS,
);

onEveryJetStream(
  "stream() without subjects has that of its name, and the package's own",
  async (server) => {
    const named = stream("ORDERS", { allowMsgSchedules: true, declare: "create" });
    const workshop = await declaring(server, named);
    assertEquals(await subjectsOf(workshop), ["ORDERS", OWN]);
    await declaring(server, named);
  },
  NEEDS,
);

onEveryJetStream(
  "stream() with declare: update has its declared subjects and the package's own, and no others",
  async (server) => {
    const workshop = await declaring(server, orders("create", {}));
    assertEquals(await subjectsOf(workshop), ["orders.*"]);
    await declaring(server, orders("update"));
    assertEquals(await subjectsOf(workshop), ["orders.*", OWN]);
    // the package's own subjects stay after updates by others
    await declaring(
      server,
      orders("update", { subjects: ["orders.{id}", "carts"] }),
    );
    assertEquals(await subjectsOf(workshop), ["orders.*", "carts", OWN]);
    // after somebody removes them, verify accepts that, and update adds them again
    const { config } = await workshop.stream("ORDERS");
    await workshop.api.call("STREAM.UPDATE.ORDERS", { ...config, subjects: ["orders.*"] });
    await declaring(server, orders("verify"));
    assertEquals(await subjectsOf(workshop), ["orders.*"]);
    await declaring(server, orders("update"));
    assertEquals(await subjectsOf(workshop), ["orders.*", OWN]);
  },
  NEEDS,
);

onEveryJetStream(
  "stream() does not add the package's own subjects if a transform would change them",
  async (server) => {
    const moved = stream("MOVED", {
      subjects: ["moved.>"],
      subjectTransform: { src: ">", dest: "to.>" },
      allowMsgSchedules: true,
      declare: "create",
    });
    const workshop = await declaring(server, moved);
    assertEquals(await subjectsOf(workshop, "MOVED"), ["moved.>"]);
    await declaring(server, moved);
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() and read() leave out messages on the package's own subjects",
  async (server) => {
    const workshop = await declaring(server, orders("create"));
    await workshop.store("orders.1", 1);
    await schedule(workshop, "a");
    await workshop.store("orders.2", 2);
    await schedule(workshop, "b");
    const known = stream("ORDERS", { declare: "update" });
    const broker = server.broker();
    const js = jetstream(broker);
    const seen: string[] = [];
    const take = (name: string) => ({ subject }: { subject: string }) => {
      seen.push(`${name} ${subject}`);
    };
    broker.subscriber(consumer(orders("create"), "all"), take("all"));
    broker.subscriber(consumer(known, "unknown"), take("unknown"));
    broker.subscriber(consumer(known, "wide", { subject: ">" }), take("wide"));
    await broker.start();
    for (const name of ["all", "unknown", "wide"]) await workshop.settled("ORDERS", name);
    assertEquals(seen.sort(), [
      ...["all orders.1", "all orders.2"],
      ...["unknown orders.1", "unknown orders.2"],
      ...["wide orders.1", "wide orders.2"],
    ]);
    const read = async (of: Stream | string, subject?: string) =>
      await Array.fromAsync(
        js.read(of, { until: "now", ...subject !== undefined && { subject } }),
        (message) => message.subject,
      );
    const programs = ["orders.1", "orders.2"];
    assertEquals(await read(orders("verify")), programs);
    assertEquals(await read("ORDERS"), programs);
    assertEquals(await read("ORDERS", ">"), programs);
    const schedules = ["_SIGNALBOX.ORDERS.schedule.a", "_SIGNALBOX.ORDERS.schedule.b"];
    assertEquals(await read("ORDERS", "_SIGNALBOX.ORDERS.>"), schedules);
    const last = js.read(orders("verify"), { until: "now", from: "last" });
    assertEquals(await Array.fromAsync(last, (message) => message.subject), ["orders.2"]);
    // a stream with limits keeps all messages
    assertEquals((await workshop.stream("ORDERS")).state.messages, 4);
  },
  NEEDS,
);

const jobs = (declare: Declare, allowMsgSchedules?: true) =>
  workQueue("ORDERS", {
    subjects: ["orders.{id}"],
    declare,
    ...allowMsgSchedules && { allowMsgSchedules },
  });
const anyJobs = (declare: Declare) => workQueue("ORDERS", { declare });

onEveryJetStream(
  "consumer() of a whole work queue leaves out the package's own subjects, even if it existed before",
  async (server) => {
    const workshop = await declaring(server, jobs("create"));
    const make = (name: string) => ({
      stream_name: "ORDERS",
      config: { durable_name: name, name, ack_policy: "explicit", max_deliver: -1, ack_wait: 30e9 },
    });
    await workshop.api.call("CONSUMER.CREATE.ORDERS.all", make("all"));
    await declaring(server, jobs("update", true));
    const broker = server.broker();
    const seen: string[] = [];
    broker.subscriber(consumer(anyJobs("update"), "all"), ({ subject }) => void seen.push(subject));
    await broker.start();
    await schedule(workshop, "a");
    await workshop.store("orders.1", 1);
    await until("the job is done", () => seen.length === 1);
    assertEquals(
      (await workshop.consumer("ORDERS", "all")).config.filter_subject ??
        (await workshop.consumer("ORDERS", "all")).config.filter_subjects?.join(),
      "orders.*",
    );
    await workshop.settled("ORDERS", "all");
    assertEquals(seen, ["orders.1"]);
    assertEquals((await workshop.stream("ORDERS")).state.messages, 1);
    for (const declare of ["verify", "create", "update", "leave"] as const) {
      const another = server.broker();
      another.subscriber(consumer(anyJobs(declare), "all"), () => {});
      await another.start();
      await another.stop();
    }
  },
  NEEDS,
);

onEveryJetStream(
  "consumer() of a whole work queue that it must not change reports messages on the package's own subjects",
  async (server) => {
    const workshop = await declaring(server, jobs("create", true));
    const config = { durable_name: "all", name: "all", ack_policy: "explicit", max_deliver: -1 };
    await workshop.api.call("CONSUMER.CREATE.ORDERS.all", {
      stream_name: "ORDERS",
      config: { ...config, ack_wait: 30e9 },
    });
    await schedule(workshop, "a");
    await workshop.store("orders.1", 1);
    const broker = server.broker();
    const errors = errorsOf(broker);
    const seen: string[] = [];
    const all = consumer(anyJobs("verify"), "all", { deadLetter: false });
    broker.subscriber(all, ({ subject }) => void seen.push(subject));
    await broker.start();
    await until("an error reports it", () => errors.length === 1 && seen.length === 1);
    assertEquals(seen, ["orders.1"]);
    assertEquals(errors, [
      'Cannot keep "_SIGNALBOX.ORDERS.schedule.a" from the consumer "all" as in a work queue with ' +
      'schedules a consumer must name its subjects: it takes all of "ORDERS"',
    ]);
    await until(
      "the job is gone",
      async () => (await workshop.stream("ORDERS")).state.messages === 1,
    );
  },
  NEEDS,
);

onEveryJetStream("js.publish() refuses the package's own subjects", async (server) => {
  const broker = server.broker();
  const js = jetstream(broker, {
    streams: [orders("create", { allowMsgSchedules: true, allowAtomic: true })],
  });
  await broker.start();
  const own = "_SIGNALBOX.ORDERS.schedule.x";
  const words = 'subjects that begin with "_SIGNALBOX" are this package\'s own';
  await assertRejects(() => js.publish(own), TypeError, words);
  await assertRejects(() => js.batch([["orders.1"], [own]]), TypeError, words);
  const publisher = js.publisher("{a}.ORDERS.x");
  await assertRejects(() => publisher.publish({ a: "_SIGNALBOX" }), TypeError, words);
}, NEEDS);

Deno.test("stream() and consumer() refuse the package's own subjects", () => {
  const words = 'subjects that begin with "_SIGNALBOX" are this package\'s own';
  for (const subject of ["_SIGNALBOX", "_SIGNALBOX.>", "_SIGNALBOX.A.{x}"]) {
    assertThrows(() => stream("A", { subjects: [subject] }), TypeError, words);
    assertThrows(() => consumer(stream("A"), "c", { subject }), TypeError, words);
  }
  stream("A", { subjects: ["_SIGNALBOXES.x"] });
});
