import { api, ask, type Scene, scene, stream, subscribe, take, wait } from "../scene.ts";
import { firing } from "./schedules_firing.ts";

type Headers = Readonly<Record<string, string>>;

const A = { allow_msg_schedules: true, allow_msg_ttl: true };
const LATER = "2100-01-01T00:00:00Z";
const schedule = (pattern: string, target = "a.out", more: Headers = {}): Headers => ({
  "Nats-Schedule": pattern,
  "Nats-Schedule-Target": target,
  ...more,
});

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

/** Messages that come later. */
export const schedules: readonly Scene[] = [
  ...PATTERNS.map(([pattern, zone]) =>
    scene(
      `A schedule is ${JSON.stringify(pattern)}${zone === undefined ? "" : ` in "${zone}"`}`,
      stream("A", A),
      ask("a.1", "x", {
        ...schedule(pattern),
        ...zone !== undefined && { "Nats-Schedule-Time-Zone": zone },
      }),
      stream("B"),
      ask("b.1", "x", {
        ...schedule(pattern, "b.out"),
        ...zone !== undefined && { "Nats-Schedule-Time-Zone": zone },
      }),
    )
  ),
  scene(
    "A schedule needs a target",
    stream("A", A),
    ask("a.1", "x", { "Nats-Schedule": "@every 1h" }),
    ask("a.1", "x", schedule("@every 1h", "a.1")),
    ask("a.1", "x", schedule("@every 1h", "a.*")),
    ask("a.1", "x", schedule("@every 1h", "b")),
    ask("a.1", "x", schedule("@every 1h", "a b")),
    ask("a.1", "x", schedule("@every 1h", "")),
  ),
  scene(
    "A schedule has options",
    stream("A", A),
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
  scene(
    "A schedule takes the place of the one before",
    stream("A", A),
    ask("a.1", "old", schedule(`@at ${LATER}`)),
    ask("a.1", "new", schedule("@every 1h")),
    ask("a.1", "only if none", {
      ...schedule("@every 1h"),
      "Nats-Expected-Last-Subject-Sequence": "0",
    }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  scene(
    "A schedule is due once",
    stream("A", A),
    subscribe("a.out"),
    ask("a.1", "work", {
      ...schedule("@at 2020-01-01T00:00:00Z", "a.out", { "Nats-Schedule-TTL": "1h" }),
      "X-A": "b",
      "Nats-Msg-Id": "one",
    }),
    wait(1_500),
    api("STREAM.MSG.GET.A", { last_by_subj: "a.out" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
    take("a.out", 1, 100),
  ),
  scene(
    "A schedule gives what was published last",
    stream("A", A),
    ask("a.in", "first"),
    ask("a.in", "second", { "X-A": "b" }),
    ask("a.1", "none", {
      ...schedule("@at 2020-01-01T00:00:00Z", "a.out", { "Nats-Schedule-Source": "a.in" }),
    }),
    wait(1_500),
    api("STREAM.MSG.GET.A", { last_by_subj: "a.out" }),
  ),
  scene(
    "A schedule is taken back by another message",
    stream("A", A),
    ask("a.1", "work", schedule(`@at ${LATER}`)),
    ask("a.2", "work", { "Nats-Scheduler": "a.1", "Nats-Schedule-Next": "purge" }),
    ask("a.2", "work", { "Nats-Scheduler": "a.1", "Nats-Schedule-Next": "purge" }),
    ask("a.2", "work", { "Nats-Scheduler": "a.2", "Nats-Schedule-Next": "purge" }),
    ask("a.3", "work", { "Nats-Scheduler": "a.2", "Nats-Schedule-Next": "purge" }),
    ask("a.2", "work", { "Nats-Scheduler": "a.1", "Nats-Schedule-Next": LATER }),
    ask("a.2", "work", { "Nats-Scheduler": "a.1" }),
    ask("a.2", "work", { "Nats-Schedule-Next": "purge" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  scene(
    "Streams without schedules take none back",
    stream("A"),
    ask("a.2", "work", { "Nats-Scheduler": "a.1", "Nats-Schedule-Next": "purge" }),
    ask("a.2", "work", { "Nats-Scheduler": "a.1" }),
  ),
  scene(
    "A work queue keeps schedules",
    stream("A", { ...A, retention: "workqueue" }),
    ask("a.1", "work", schedule("@at 2020-01-01T00:00:00Z")),
    wait(1_500),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  ...firing,
];
