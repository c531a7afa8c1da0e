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
import { inBatch } from "./batches.ts";
import { consumer } from "./consumers.ts";
import { request } from "./pulling.ts";

type Headers = Readonly<Record<string, string>>;

/** A stream that takes schedules. */
const A = { allow_msg_schedules: true, allow_msg_ttl: true };
export const PAST = "@at 2020-01-01T00:00:00Z";
const MOMENT = `@at ${IN_A_MOMENT}`;
const LATER = "@at 2100-01-01T00:00:00Z";
/** Long enough for a schedule that is overdue, in milliseconds: nats-server takes 250 at least. */
const SOON = 1_000;
/** Asks which messages are in stream A. */
const SHOWN = api("STREAM.INFO.A", { subjects_filter: ">", deleted_details: true });
const SHOWN_SOON = [wait(SOON), SHOWN];

/** The headers of a schedule. */
export function schedule(pattern: string, target = "a.out", more: Headers = {}): Headers {
  return { "Nats-Schedule": pattern, "Nats-Schedule-Target": target, ...more };
}

/** The headers of a message that cancels a schedule. */
export function cancel(name: string, more: Headers = {}): Headers {
  return { "Nats-Scheduler": name, "Nats-Schedule-Next": "purge", ...more };
}

/** The headers of a message that cancels the schedule `a.1`, if that has this sequence. */
function expecting(seq: number): Headers {
  return cancel("a.1", {
    "Nats-Expected-Last-Subject-Sequence": `${seq}`,
    "Nats-Expected-Last-Subject-Sequence-Subject": "a.1",
  });
}

/** A scene on a stream that takes schedules. */
export function scheduleScene(name: string, ...steps: Step[]): Scene {
  return scheduleSceneIn(name, {}, ...steps);
}

/** A scene on a stream that takes schedules and is configured like this. */
export function scheduleSceneIn(
  name: string,
  config: Readonly<Record<string, unknown>>,
  ...steps: Step[]
): Scene {
  return scene(name, stream("A", { ...A, ...config }), ...steps);
}

/** Schedules that are due, and those that never are. */
export const firing: readonly Scene[] = [
  scheduleScene(
    "A schedule is due whose target has left the stream",
    ask("a.1", "x", schedule(MOMENT)),
    update({ ...A, subjects: ["a.1"] }),
    ...SHOWN_SOON,
  ),
  scheduleScene(
    "A schedule is due whose own subject has left the stream",
    ask("a.1", "x", schedule(MOMENT)),
    update({ ...A, subjects: ["a.out"] }),
    ...SHOWN_SOON,
  ),
  scheduleScene(
    "A schedule is due in a stream that is sealed",
    ask("a.1", "x", schedule(MOMENT)),
    update({ ...A, sealed: true }),
    ...SHOWN_SOON,
  ),
  scheduleSceneIn(
    "A schedule is due where subjects change",
    {
      subjects: ["a.>", "b.>"],
      subject_transform: { src: "a.*", dest: "b.$1" },
    },
    ask("a.1", "x", schedule(PAST, "a.out")),
    untilStored("A", 2),
    SHOWN,
    api("STREAM.MSG.GET.A", { last_by_subj: "b.out" }),
  ),
  scheduleSceneIn(
    "A schedule is due where messages are published again elsewhere",
    { republish: { src: "a.out", dest: "c" } },
    subscribe("c"),
    ask("a.1", "x", schedule(PAST)),
    take("c", 1, 3_000),
  ),
  scheduleScene(
    "A schedule is due every second",
    ask("a.1", "x", schedule("@every 1s", "a.out", { "Nats-Schedule-TTL": "1h" })),
    until("A", 3),
    api("STREAM.PURGE.A", { filter: "a.1" }),
    api("STREAM.MSG.GET.A", { seq: 2 }),
    api("STREAM.MSG.GET.A", { seq: 3 }),
    ...SHOWN_SOON,
  ),
  scheduleScene(
    "A schedule that is due every second keeps the last alone",
    ask("a.1", "x", schedule("* * * * * *", "a.out", { "Nats-Schedule-Rollup": "sub" })),
    until("A", 2),
    wait(SOON),
    api("STREAM.PURGE.A", { filter: "a.1" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  scheduleScene(
    "A schedule gives its own words where nothing was published, and then what was",
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
  scheduleScene(
    "A schedule that was deleted is never due",
    ask("a.1", "x", schedule(MOMENT)),
    ask("a.2", "x", schedule(MOMENT)),
    ask("a.3", "x", schedule(MOMENT)),
    api("STREAM.MSG.DELETE.A", { seq: 1 }),
    api("STREAM.PURGE.A", { filter: "a.2" }),
    ask("a.3", "plain"),
    ...SHOWN_SOON,
  ),
  scheduleScene(
    "A schedule that is replaced is due at its new time",
    ask("a.1", "old", schedule(MOMENT)),
    ask("a.1", "new", schedule(LATER)),
    ...SHOWN_SOON,
  ),
  scheduleScene(
    "A schedule is due whose target is another schedule",
    ask("a.2", "other", schedule(LATER)),
    ask("a.1", "x", schedule(PAST, "a.2")),
    untilStored("A", 3),
    SHOWN,
    ask("a.3", "back", cancel("a.2")),
    ask("a.1", "x", schedule(PAST, "a.2")),
    untilStored("A", 5),
    ask("a.3", "back", cancel("a.2")),
    SHOWN,
  ),
  scheduleSceneIn(
    "A schedule is taken back by a message that expects it",
    { allow_atomic: true },
    ask("a.1", "x", schedule(LATER)),
    ...[7, 1, 1].map((seq) => ask("a.2", "", expecting(seq))),
    SHOWN,
    ask("a.1", "x", schedule(LATER)),
    ask("a.2", "", cancel("a.1", { "Nats-Rollup": "sub" })),
    SHOWN,
    ask("a.1", "x", schedule(LATER)),
    ask("a.2", "", cancel("a.1", { "Nats-TTL": "1s" })),
    wait(2_500),
    SHOWN,
  ),
  scheduleSceneIn(
    "A batch schedules, and takes back",
    { allow_atomic: true },
    ask("a.1", "old", schedule(LATER)),
    ask("a.2", "1", { ...cancel("a.1"), ...inBatch("x", 1) }),
    ask("a.3", "2", { ...schedule(PAST), ...inBatch("x", 2) }),
    ask("a.4", "3", { ...schedule(LATER), ...inBatch("x", 3) }),
    ask("a.5", "4", { ...cancel("a.4"), ...inBatch("x", 4, "1") }),
    ...SHOWN_SOON,
  ),
  scheduleSceneIn(
    "A batch schedules twice on one subject",
    { allow_atomic: true },
    ask("a.1", "1", { ...schedule(LATER), ...inBatch("x", 1) }),
    ask("a.1", "2", { ...schedule(LATER), ...inBatch("x", 2, "1") }),
    SHOWN,
  ),
  scheduleScene(
    "A schedule has a time to live of its own",
    ask("a.1", "x", schedule(LATER, "a.out", { "Nats-TTL": "1s" })),
    ask("a.2", "x", schedule(PAST, "a.out", { "Nats-TTL": "1h" })),
    wait(2_500),
    SHOWN,
    api("STREAM.MSG.GET.A", { last_by_subj: "a.out" }),
  ),
  scheduleSceneIn(
    "A schedule goes with the age of its stream",
    { max_age: 1_000 * MS, duplicate_window: 1_000 * MS },
    ask("a.1", "x", schedule(LATER)),
    wait(2_500),
    SHOWN,
  ),
  scheduleSceneIn(
    "A schedule goes with what is too much",
    { max_msgs: 2 },
    ask("a.1", "x", schedule(MOMENT)),
    ask("a.2", "2"),
    ask("a.2", "3"),
    ...SHOWN_SOON,
  ),
  scheduleScene(
    "A schedule has a message id",
    ask("a.1", "x", schedule(LATER, "a.out", { "Nats-Msg-Id": "x" })),
    ask("a.1", "y", schedule(LATER, "a.out", { "Nats-Msg-Id": "x" })),
    ask("a.2", "y", { "Nats-Msg-Id": "x" }),
    ask("a.3", "", cancel("a.1")),
    ask("a.1", "z", schedule(LATER, "a.out", { "Nats-Msg-Id": "x" })),
    SHOWN,
  ),
  scheduleSceneIn(
    "A stream of interest keeps schedules for those who want them",
    { retention: "interest" },
    consumer("out", { filter_subject: "a.out" }),
    ask("a.1", "x", schedule(PAST)),
    ...SHOWN_SOON,
    consumer("all", { filter_subject: "a.1" }),
    ask("a.1", "x", schedule(PAST)),
    ...SHOWN_SOON,
  ),
  scheduleSceneIn(
    "A stream of interest has a schedule whose target nobody wants",
    { retention: "interest" },
    consumer("all", { filter_subject: "a.*.s" }),
    ask("a.1.s", "x", schedule(PAST)),
    untilStored("A", 2),
    ask("a.2.s", "x", schedule("@every 1s")),
    wait(2_500),
    SHOWN,
  ),
  scheduleSceneIn(
    "A consumer that is given a schedule acknowledges it",
    { retention: "workqueue" },
    consumer("c", { filter_subject: "a.>" }),
    subscribe("p"),
    ask("a.1", "x", schedule(MOMENT)),
    request("c", "1"),
    take("p", 1),
    ask("$JS.ACK.A.c.1.1.1.0.0"),
    ...SHOWN_SOON,
  ),
  scene(
    "A stream is given schedules later",
    stream("A"),
    ask("a.1", "x", schedule(PAST)),
    update(A),
    ask("a.1", "x", schedule(PAST)),
    untilStored("A", 2),
    SHOWN,
    update({}),
  ),
  scheduleScene(
    "What a schedule gives loses what could hold it up",
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
  scheduleScene(
    "Schedules are due in the order of their making",
    ...Array.from(
      { length: 20 },
      (_, i) => ask(`a.s.${i}`, `${i}`, schedule(MOMENT, `a.out.${i % 3}`)),
    ),
    untilStored("A", 40),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
    api("STREAM.MSG.GET.A", { seq: 21 }),
    api("STREAM.MSG.GET.A", { seq: 40 }),
  ),
];
