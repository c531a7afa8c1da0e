import {
  api,
  ask,
  IN_A_MOMENT,
  MS,
  type Scene,
  scene,
  type Step,
  stream,
  subscribe,
  take,
  until,
  untilStored,
  update,
  wait,
} from "../scene.ts";

type Headers = Readonly<Record<string, string>>;

const A = { allow_msg_schedules: true, allow_msg_ttl: true };
const PAST = "@at 2020-01-01T00:00:00Z";
const LATER = "@at 2100-01-01T00:00:00Z";
/** Long enough for a schedule that is overdue, in milliseconds: nats-server takes 250 at least. */
const SOON = 1_000;

const schedule = (pattern: string, target = "a.out", more: Headers = {}): Headers => ({
  "Nats-Schedule": pattern,
  "Nats-Schedule-Target": target,
  ...more,
});
const back = (name: string, more: Headers = {}): Headers => ({
  "Nats-Scheduler": name,
  "Nats-Schedule-Next": "purge",
  ...more,
});

/** What becomes of schedules when they are due, and of those that are not. */
export const firing: readonly Scene[] = [
  scene(
    "A schedule is due whose target has left the stream",
    stream("A", A),
    ask("a.1", "x", schedule(`@at ${IN_A_MOMENT}`)),
    update({ ...A, subjects: ["a.1"] }),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A schedule is due whose own subject has left the stream",
    stream("A", A),
    ask("a.1", "x", schedule(`@at ${IN_A_MOMENT}`)),
    update({ ...A, subjects: ["a.out"] }),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A schedule is due in a stream that is sealed",
    stream("A", A),
    ask("a.1", "x", schedule(`@at ${IN_A_MOMENT}`)),
    update({ ...A, sealed: true }),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A schedule is due where subjects change",
    stream("A", {
      ...A,
      subjects: ["a.>", "b.>"],
      subject_transform: { src: "a.*", dest: "b.$1" },
    }),
    ask("a.1", "x", schedule(PAST, "a.out")),
    untilStored("A", 2),
    ...shown(),
    api("STREAM.MSG.GET.A", { last_by_subj: "b.out" }),
  ),
  scene(
    "A schedule is due where messages are published again elsewhere",
    stream("A", { ...A, republish: { src: "a.out", dest: "c" } }),
    subscribe("c"),
    ask("a.1", "x", schedule(PAST)),
    take("c", 1, 3_000),
  ),
  scene(
    "A schedule is due every second",
    stream("A", A),
    ask("a.1", "x", schedule("@every 1s", "a.out", { "Nats-Schedule-TTL": "1h" })),
    until("A", 3),
    api("STREAM.PURGE.A", { filter: "a.1" }),
    api("STREAM.MSG.GET.A", { seq: 2 }),
    api("STREAM.MSG.GET.A", { seq: 3 }),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A schedule that is due every second keeps the last alone",
    stream("A", A),
    ask("a.1", "x", schedule("* * * * * *", "a.out", { "Nats-Schedule-Rollup": "sub" })),
    until("A", 2),
    wait(SOON),
    api("STREAM.PURGE.A", { filter: "a.1" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  scene(
    "A schedule gives its own words where nothing was published, and then what was",
    stream("A", A),
    ask(
      "a.1",
      "own",
      schedule("@every 1s", "a.out", { "Nats-Schedule-Source": "a.in", "X-A": "own" }),
    ),
    until("A", 2),
    ask("a.in", "given", { "X-B": "given", "Nats-TTL": "1h", "Nats-Msg-Id": "x" }),
    until("A", 4),
    api("STREAM.PURGE.A", { filter: "a.1" }),
    ...[2, 3, 4].map((seq) => api("STREAM.MSG.GET.A", { seq })),
  ),
  scene(
    "A schedule that was deleted is never due",
    stream("A", A),
    ask("a.1", "x", schedule(`@at ${IN_A_MOMENT}`)),
    ask("a.2", "x", schedule(`@at ${IN_A_MOMENT}`)),
    ask("a.3", "x", schedule(`@at ${IN_A_MOMENT}`)),
    api("STREAM.MSG.DELETE.A", { seq: 1 }),
    api("STREAM.PURGE.A", { filter: "a.2" }),
    ask("a.3", "plain"),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A schedule that is replaced is due at its new time",
    stream("A", A),
    ask("a.1", "old", schedule(`@at ${IN_A_MOMENT}`)),
    ask("a.1", "new", schedule(LATER)),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A schedule is due whose target is another schedule",
    stream("A", A),
    ask("a.2", "other", schedule(LATER)),
    ask("a.1", "x", schedule(PAST, "a.2")),
    untilStored("A", 3),
    ...shown(),
    ask("a.3", "back", back("a.2")),
    ask("a.1", "x", schedule(PAST, "a.2")),
    untilStored("A", 5),
    ask("a.3", "back", back("a.2")),
    ...shown(),
  ),
  scene(
    "A schedule is taken back by a message that expects it",
    stream("A", { ...A, allow_atomic: true }),
    ask("a.1", "x", schedule(LATER)),
    ask(
      "a.2",
      "",
      back("a.1", {
        "Nats-Expected-Last-Subject-Sequence": "7",
        "Nats-Expected-Last-Subject-Sequence-Subject": "a.1",
      }),
    ),
    ask(
      "a.2",
      "",
      back("a.1", {
        "Nats-Expected-Last-Subject-Sequence": "1",
        "Nats-Expected-Last-Subject-Sequence-Subject": "a.1",
      }),
    ),
    ask(
      "a.2",
      "",
      back("a.1", {
        "Nats-Expected-Last-Subject-Sequence": "1",
        "Nats-Expected-Last-Subject-Sequence-Subject": "a.1",
      }),
    ),
    ...shown(),
    ask("a.1", "x", schedule(LATER)),
    ask("a.2", "", back("a.1", { "Nats-Rollup": "sub" })),
    ...shown(),
    ask("a.1", "x", schedule(LATER)),
    ask("a.2", "", back("a.1", { "Nats-TTL": "1s" })),
    wait(2_500),
    ...shown(),
  ),
  scene(
    "A batch schedules, and takes back",
    stream("A", { ...A, allow_atomic: true }),
    ask("a.1", "old", schedule(LATER)),
    ask("a.2", "1", { ...back("a.1"), ...batch("x", 1) }),
    ask("a.3", "2", { ...schedule(PAST), ...batch("x", 2) }),
    ask("a.4", "3", { ...schedule(LATER), ...batch("x", 3) }),
    ask("a.5", "4", { ...back("a.4"), ...batch("x", 4, true) }),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A batch schedules twice on one subject",
    stream("A", { ...A, allow_atomic: true }),
    ask("a.1", "1", { ...schedule(LATER), ...batch("x", 1) }),
    ask("a.1", "2", { ...schedule(LATER), ...batch("x", 2, true) }),
    ...shown(),
  ),
  scene(
    "A schedule has a time to live of its own",
    stream("A", A),
    ask("a.1", "x", schedule(LATER, "a.out", { "Nats-TTL": "1s" })),
    ask("a.2", "x", schedule(PAST, "a.out", { "Nats-TTL": "1h" })),
    wait(2_500),
    ...shown(),
    api("STREAM.MSG.GET.A", { last_by_subj: "a.out" }),
  ),
  scene(
    "A schedule goes with the age of its stream",
    stream("A", { ...A, max_age: 1_000 * MS, duplicate_window: 1_000 * MS }),
    ask("a.1", "x", schedule(LATER)),
    wait(2_500),
    ...shown(),
  ),
  scene(
    "A schedule goes with what is too much",
    stream("A", { ...A, max_msgs: 2 }),
    ask("a.1", "x", schedule(`@at ${IN_A_MOMENT}`)),
    ask("a.2", "2"),
    ask("a.2", "3"),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A schedule has a message id",
    stream("A", A),
    ask("a.1", "x", schedule(LATER, "a.out", { "Nats-Msg-Id": "x" })),
    ask("a.1", "y", schedule(LATER, "a.out", { "Nats-Msg-Id": "x" })),
    ask("a.2", "y", { "Nats-Msg-Id": "x" }),
    ask("a.3", "", back("a.1")),
    ask("a.1", "z", schedule(LATER, "a.out", { "Nats-Msg-Id": "x" })),
    ...shown(),
  ),
  scene(
    "A stream of interest keeps schedules for those who want them",
    stream("A", { ...A, retention: "interest" }),
    consumer("out", { filter_subject: "a.out" }),
    ask("a.1", "x", schedule(PAST)),
    wait(SOON),
    ...shown(),
    consumer("all", { filter_subject: "a.1" }),
    ask("a.1", "x", schedule(PAST)),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A stream of interest has a schedule whose target nobody wants",
    stream("A", { ...A, retention: "interest" }),
    consumer("all", { filter_subject: "a.*.s" }),
    ask("a.1.s", "x", schedule(PAST)),
    untilStored("A", 2),
    ask("a.2.s", "x", schedule("@every 1s")),
    wait(2_500),
    ...shown(),
  ),
  scene(
    "A consumer that is given a schedule acknowledges it",
    stream("A", { ...A, retention: "workqueue" }),
    consumer("c", { filter_subject: "a.>" }),
    subscribe("p"),
    ask("a.1", "x", schedule(`@at ${IN_A_MOMENT}`)),
    { publish: "$JS.API.CONSUMER.MSG.NEXT.A.c", sent: { body: "1", reply: "p" } },
    take("p", 1),
    ask("$JS.ACK.A.c.1.1.1.0.0"),
    wait(SOON),
    ...shown(),
  ),
  scene(
    "A stream is given schedules later",
    stream("A"),
    ask("a.1", "x", schedule(PAST)),
    update(A),
    ask("a.1", "x", schedule(PAST)),
    untilStored("A", 2),
    ...shown(),
    update({}),
  ),
  scene(
    "What a schedule gives loses what could hold it up",
    stream("A", A),
    ask(
      "a.1",
      "x",
      schedule(PAST, "a.out", {
        "Nats-Expected-Stream": "A",
        "Nats-Expected-Last-Sequence": "0",
        "Nats-Msg-Id": "x",
        "Nats-Custom": "kept",
        "Nats-Scheduled": "not kept",
      }),
    ),
    untilStored("A", 2),
    api("STREAM.MSG.GET.A", { last_by_subj: "a.out" }),
  ),
  scene(
    "Schedules are due in the order of their making",
    stream("A", { ...A, subjects: ["a.>"] }),
    ...Array.from(
      { length: 20 },
      (_, i) => ask(`a.s.${i}`, `${i}`, schedule(`@at ${IN_A_MOMENT}`, `a.out.${i % 3}`)),
    ),
    untilStored("A", 40),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
    api("STREAM.MSG.GET.A", { seq: 21 }),
    api("STREAM.MSG.GET.A", { seq: 40 }),
  ),
];

/** What is in stream A, beside the schedules' own words. */
function shown(): Step[] {
  return [api("STREAM.INFO.A", { subjects_filter: ">", deleted_details: true })];
}

function consumer(name: string, config: object): Step {
  return api(`CONSUMER.CREATE.A.${name}`, {
    stream_name: "A",
    config: { durable_name: name, ack_policy: "explicit", ...config },
  });
}

function batch(id: string, sequence: number, isLast = false): Headers {
  return {
    "Nats-Batch-Id": id,
    "Nats-Batch-Sequence": `${sequence}`,
    ...isLast && { "Nats-Batch-Commit": "1" },
  };
}
