import { api, ask, type Scene, scene, stream, subscribe, take, wait } from "../scene.ts";
import {
  cancel,
  firing,
  PAST,
  schedule,
  scheduleScene,
  scheduleSceneIn,
} from "./schedules_firing.ts";

const LATER = "2100-01-01T00:00:00Z";

/** Patterns and zones, good and bad. */
const PATTERNS: readonly (readonly [pattern: string, zone?: string])[] = [
  [`@at ${LATER}`],
  [`@at ${LATER}`, "UTC"],
  ["@at 2100-01-01T00:00:00"],
  ["@at 2100-01-01T00:00:00+02:00"],
  ["@at 2100-02-30T00:00:00Z"],
  ["@at tomorrow"],
  ["@every 1s"],
  ["@every 500ms"],
  ["@every 1h30m"],
  ["@every -5s"],
  ["@every soon"],
  ["@every 1s", "Europe/Zurich"],
  ["@hourly"],
  ["@daily"],
  ["@midnight"],
  ["@weekly"],
  ["@monthly"],
  ["@yearly"],
  ["@annually"],
  ["@sometimes"],
  ["@daily", "Europe/Zurich"],
  ["0 0 9 * * MON-FRI"],
  ["0 0 9 * * MON-FRI", "Europe/Zurich"],
  ["0 0 9 * * MON-FRI", "Local"],
  ["0 0 9 * * MON-FRI", "Nowhere/Land"],
  ["0 0 9 * * MON-FRI", ""],
  ["*/5 * * * * *"],
  ["0 */15 8-18 1,15 jan-jun ?"],
  ["0 0 * * *"],
  ["* * * * * * *"],
  ["60 * * * * *"],
  ["0 0 24 * * *"],
  ["0 0 0 0 * *"],
  ["0 0 0 32 * *"],
  ["0 0 0 31 2 *"],
  ["0 0 0 29 2 *"],
  ["0 0 0 * 13 *"],
  ["0 0 0 * * 7"],
  ["5-1 * * * * *"],
  ["*/0 * * * * *"],
  ["1/x * * * * *"],
  ["1-2-3 * * * * *"],
  ["a * * * * *"],
  [""],
  ["@"],
];

/** Messages that are scheduled. */
export const schedules: readonly Scene[] = [
  ...PATTERNS.map(([pattern, zone]) =>
    scheduleScene(
      `A schedule is ${JSON.stringify(pattern)}${zone === undefined ? "" : ` in "${zone}"`}`,
      ask("a.1", "x", schedule(pattern, "a.out", inZone(zone))),
      stream("B"),
      ask("b.1", "x", schedule(pattern, "b.out", inZone(zone))),
    )
  ),
  scheduleScene(
    "A schedule needs a target",
    ask("a.1", "x", { "Nats-Schedule": "@every 1h" }),
    ask("a.1", "x", schedule("@every 1h", "a.1")),
    ask("a.1", "x", schedule("@every 1h", "a.*")),
    ask("a.1", "x", schedule("@every 1h", "b")),
    ask("a.1", "x", schedule("@every 1h", "a b")),
    ask("a.1", "x", schedule("@every 1h", "")),
  ),
  scheduleScene(
    "A schedule has options",
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Schedule-TTL": "5m" })),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Schedule-TTL": "soon" })),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Schedule-Rollup": "sub" })),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Schedule-Rollup": "all" })),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Schedule-Source": "a.in" })),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Schedule-Source": "a.out" })),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Schedule-Source": "a.1" })),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Schedule-Source": "b" })),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Rollup": "all" })),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Rollup": "sub" })),
    api("STREAM.MSG.GET.A", { last_by_subj: "a.1" }),
    api("STREAM.INFO.A"),
  ),
  scene(
    "A schedule cannot give a time to live where there is none",
    stream("A", { allow_msg_schedules: true }),
    ask("a.1", "x", schedule("@every 1h", "a.out", { "Nats-Schedule-TTL": "5m" })),
  ),
  scheduleScene(
    "A schedule takes the place of the one before",
    ask("a.1", "old", schedule(`@at ${LATER}`)),
    ask("a.1", "new", schedule("@every 1h")),
    ask("a.1", "only if none", {
      ...schedule("@every 1h"),
      "Nats-Expected-Last-Subject-Sequence": "0",
    }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  scheduleScene(
    "A schedule is due once",
    subscribe("a.out"),
    ask("a.1", "work", {
      ...schedule(PAST, "a.out", { "Nats-Schedule-TTL": "1h" }),
      "X-A": "b",
      "Nats-Msg-Id": "one",
    }),
    wait(1_500),
    api("STREAM.MSG.GET.A", { last_by_subj: "a.out" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
    take("a.out", 1, 100),
  ),
  scheduleScene(
    "A schedule gives what was published last",
    ask("a.in", "first"),
    ask("a.in", "second", { "X-A": "b" }),
    ask("a.1", "none", {
      ...schedule(PAST, "a.out", { "Nats-Schedule-Source": "a.in" }),
    }),
    wait(1_500),
    api("STREAM.MSG.GET.A", { last_by_subj: "a.out" }),
  ),
  scheduleScene(
    "A schedule is taken back by another message",
    ask("a.1", "work", schedule(`@at ${LATER}`)),
    ask("a.2", "work", cancel("a.1")),
    ask("a.2", "work", cancel("a.1")),
    ask("a.2", "work", cancel("a.2")),
    ask("a.3", "work", cancel("a.2")),
    ask("a.2", "work", { "Nats-Scheduler": "a.1", "Nats-Schedule-Next": LATER }),
    ask("a.2", "work", { "Nats-Scheduler": "a.1" }),
    ask("a.2", "work", { "Nats-Schedule-Next": "purge" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  scene(
    "Streams without schedules take none back",
    stream("A"),
    ask("a.2", "work", cancel("a.1")),
    ask("a.2", "work", { "Nats-Scheduler": "a.1" }),
  ),
  scheduleSceneIn(
    "A work queue keeps schedules",
    { retention: "workqueue" },
    ask("a.1", "work", schedule(PAST)),
    wait(1_500),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  ...firing,
];

function inZone(zone?: string) {
  return zone === undefined ? {} : { "Nats-Schedule-Time-Zone": zone };
}
