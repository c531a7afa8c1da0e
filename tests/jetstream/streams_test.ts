import { InvalidSubjectError } from "@signalbox/nats";
import {
  ConflictError,
  consumer,
  DifferenceError,
  jetstream,
  NotFoundError,
  type Stream,
  stream,
  type StreamOptions,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { type Backend, onEveryJetStream, onNatsServer } from "../support/backends.ts";
import { FrameClient } from "../support/jetstream/frame_client.ts";

/** Starts a broker that declares these streams. */
async function declaring(server: Backend, ...streams: Stream[]) {
  const broker = server.broker();
  jetstream(broker, { streams });
  await broker.start();
  return broker;
}

async function configOf(server: Backend, name: string): Promise<Record<string, unknown>> {
  await using client = await FrameClient.to(server);
  return (await client.json(`$JS.API.STREAM.INFO.${name}`)).config;
}

/** Every option of a stream with subjects. */
const ALL: StreamOptions<"all.{id}"> = {
  subjects: ["all.{id}"],
  declare: "create",
  description: "everything",
  retention: "limits",
  maxConsumers: 7,
  maxMsgs: 1_000,
  maxBytes: 1_000_000,
  maxAge: "40d",
  maxMsgsPerSubject: 10,
  maxMsgSize: 10_000,
  discard: "new",
  discardNewPerSubject: true,
  storage: "memory",
  numReplicas: 1,
  duplicateWindow: "90s",
  denyDelete: true,
  compression: "none",
  firstSeq: 5,
  subjectTransform: { src: "all.*", dest: "all.x.{{wildcard(1)}}" },
  republish: { src: "all.>", dest: "copy.>", headersOnly: true },
  allowDirect: true,
  consumerLimits: { inactiveThreshold: "5m", maxAckPending: 50 },
  allowAtomic: true,
  allowMsgTtl: true,
  allowBatched: true,
  metadata: { team: "a" },
};

onEveryJetStream("stream() writes every option, and reads it back", async (server) => {
  await declaring(server, stream("ALL", ALL));
  const config = await configOf(server, "ALL");
  assertEquals([config.max_age, config.duplicate_window], [40 * 86_400e9, 90e9]);
  assertEquals(config.subjects, ["all.*"]);
  assertEquals(config.consumer_limits, { inactive_threshold: 300e9, max_ack_pending: 50 });
  assertEquals(config.republish, { src: "all.>", dest: "copy.>", headers_only: true });
  await declaring(server, stream("ALL", { ...ALL, declare: "verify" }));
  const changed = stream("ALL", { ...ALL, maxMsgs: 5, declare: "verify" });
  await assertRejects(
    () => declaring(server, changed),
    DifferenceError,
    "max_msgs is 1000 and not 5",
  );
  const marked = stream("MARKED", {
    subjects: ["marked"],
    subjectDeleteMarkerTtl: "1m",
    allowRollupHdrs: true,
    denyPurge: false,
    persistMode: "async",
    allowMsgSchedules: true,
    maxAge: Infinity,
    maxMsgs: Infinity,
    declare: "create",
  });
  await declaring(server, marked);
  assertEquals((await configOf(server, "MARKED")).subject_delete_marker_ttl, 60e9);
}, { since: "2.14" });

Deno.test("stream() copies other streams", () =>
  onNatsServer(async (server) => {
    const sources = [{ name: "A", filterSubject: "a.1", optStartSeq: 1 }, {
      name: "B",
      subjectTransforms: [{ src: "b.>", dest: "c.>" }],
      optStartTime: new Date(2020, 1, 1),
    }];
    const both = [
      stream("A", { subjects: ["a.*"], declare: "create" }),
      stream("B", { subjects: ["b.*"], declare: "create" }),
      stream("COPY", { sources, declare: "create" }),
      stream("MIRROR", { mirror: { name: "A" }, mirrorDirect: true, declare: "create" }),
    ];
    await declaring(server, ...both);
    await declaring(
      server,
      stream("COPY", { sources }),
      stream("MIRROR", { mirror: { name: "A" } }),
    );
    const other = stream("MIRROR", { mirror: { name: "B" }, declare: "update" });
    await assertRejects(() => declaring(server, other), DifferenceError, "(unchangeable)");
  }, { jetstream: true }));

onEveryJetStream("workQueue() with unique holds one job of each subject", async (server) => {
  const jobs = workQueue("JOBS", {
    subjects: ["jobs.{kind}.{id}"],
    unique: "until-done",
    declare: "create",
  });
  const broker = await declaring(server, jobs);
  const js = jetstream(broker);
  await js.publish("jobs.mail.7", "a");
  const error = await assertRejects(() => js.publish("jobs.mail.7", "b"), ConflictError);
  assertEquals(error.description, "maximum messages per subject exceeded");
  await js.publish("jobs.mail.8", "a");
  const limits = stream("JOBS", { retention: "limits", declare: "update" });
  await assertRejects(() => declaring(server, limits), DifferenceError);
});

onEveryJetStream("stream() has `verify` as its default, and makes nothing", async (server) => {
  const { kind } = await assertRejects(() => declaring(server, stream("NONE")), NotFoundError);
  assertEquals(kind, "stream");
  await assertRejects(() => declaring(server, stream("NONE", { declare: "leave" })), NotFoundError);
});

onEveryJetStream(
  "stream() lets two services start that declare one stream at once",
  async (server) => {
    const { allowAtomic: _, allowMsgTtl: __, allowBatched: ___, ...plain } = ALL;
    const one = stream("ALL", plain);
    await Promise.all([0, 1, 2, 3].map(() => declaring(server, one)));
    const grown = stream("ALL", { maxMsgs: 2_000, declare: "update" });
    await Promise.all([0, 1, 2, 3].map(() => declaring(server, grown)));
    const config = await configOf(server, "ALL");
    assertEquals([config.max_msgs, config.max_bytes, config.description], [
      2_000,
      1e6,
      "everything",
    ]);
  },
);

Deno.test("stream() is a plain value, whose patterns the compiler knows", () => {
  const orders = stream("ORDERS", { subjects: ["orders.{id}.{event}", "news.>"] });
  type Subjects = typeof orders.subjects[number];
  assertType<IsExact<Subjects, "orders.{id}.{event}" | "news.>">>(true);
  assert(Object.isFrozen(orders) && Object.isFrozen(orders.subjects));
  assertEquals(JSON.parse(JSON.stringify(orders)), {
    name: "ORDERS",
    subjects: ["orders.{id}.{event}", "news.>"],
    declare: "verify",
    isWorkQueue: false,
  });
});

Deno.test("stream() refuses wrong options at once", () => {
  const wrong = (name: unknown, options: object = {}) =>
    assertThrows(() => stream(name as string, options), Error).message;
  const name = "Cannot declare a stream as a name must be 1 to 255 bytes without blanks, dots, " +
    "wildcards and slashes: ";
  for (const bad of ["a.b", "a b", "", "a*", "a>", "a/b", "a\\b", "a\n", "x".repeat(256), 5]) {
    assert(wrong(bad).startsWith(name), wrong(bad));
  }
  const at = 'Cannot declare the stream "A" as ';
  assertEquals(
    [
      wrong("A", { maxAge: "50ms" }),
      wrong("A", { maxAge: "1y" }),
      wrong("A", { maxAge: "1m", duplicateWindow: "2m" }),
      wrong("A", { subjectDeleteMarkerTtl: 500 }),
      wrong("A", { maxMsgs: 0 }),
      wrong("A", { retention: "workqueue" }),
      wrong("A", { declare: "force" }),
      wrong("A", { noAck: true }),
      wrong("A", { sources: [{}] }),
      wrong("A", { sources: [{ name: "B", from: 1 }] }),
      wrong("A", { metadata: { a: 1 } }),
      wrong("A", { consumerLimits: { maxAckPending: 0 } }),
      wrong("A", { placement: { tags: [1] } }),
      wrong("A", { allowMsgSchedules: true, denyPurge: true }),
      wrong("A", { subjectDeleteMarkerTtl: "1m", denyPurge: true }),
      wrong("A", { allowMsgSchedules: true, discard: "new" }),
    ].map((message) => message.replace(at, "")),
    [
      '"maxAge" must be milliseconds from 100 on, or text such as "7d", or Infinity: "50ms"',
      '"maxAge" must be milliseconds from 100 on, or text such as "7d", or Infinity: "1y"',
      '"duplicateWindow" must not be longer than "maxAge": 120000 ms, 60000 ms',
      '"subjectDeleteMarkerTtl" must be milliseconds from 1000 on, or text such as "7d", or Infinity: 500',
      '"maxMsgs" must be a whole number of 1 or more, or Infinity: 0',
      '"retention" must be one of "limits", "interest": "workqueue"',
      '"declare" must be one of "verify", "create", "update", "leave": "force"',
      wrong("A", { noAck: true }).replace(at, ""),
      '"name" of a source must be given: undefined',
      "an option must be one of name, domain, optStartSeq, optStartTime, filterSubject, " +
      'subjectTransforms, external: "from"',
      '"metadata" must be an object of texts: [object Object]',
      '"maxAckPending" must be a whole number of 1 or more: 0',
      '"tags" must be a list of texts: [object Array]',
      '"denyPurge" must go without "allowMsgSchedules": both are given',
      '"denyPurge" must go without "subjectDeleteMarkerTtl": both are given',
      '"allowMsgSchedules" must go without discard: "new": both are given',
    ],
  );
  assert(wrong("A", { noAck: true }).includes(': "noAck"'));
  assertThrows(() => stream("A", { subjects: ["a.{b"] }), InvalidSubjectError);
  const { message } = assertThrows(() => stream("A", { subjects: ["a b"] }), InvalidSubjectError);
  assertEquals(message.slice(0, 33), 'Cannot declare the stream "A" as ');
  assertThrows(
    () => consumer(stream("A", { subjects: ["a"] }), "x", { subject: "a b" as never }),
    InvalidSubjectError,
    'Cannot make the consumer "x" as ',
  );
  assertThrows(() => stream("A", { domain: "a.b" }), TypeError);
  assertThrows(() => workQueue("A", { unique: "always" as never }), TypeError);
  const refused = { allowMsgSchedules: true, discard: "new" } as const;
  assertThrows(() => workQueue("A", refused), TypeError, 'must go without discard: "new"');
  const kept = { denyPurge: true, discard: "new", allowMsgSchedules: false } as const;
  assertEquals(stream("A", kept).name, "A");
});
