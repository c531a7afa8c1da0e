import { api, ask, type Scene, scene, stream, wait } from "../scene.ts";

/** How long messages stay. */
export const lifetimes: readonly Scene[] = [
  ...[
    "5",
    "1",
    "0",
    "-1",
    "1s",
    "500ms",
    "1h30m",
    "never",
    "NEVER",
    "soon",
    "1.5s",
    "",
    "99999999999",
  ]
    .map((ttl) =>
      scene(
        `A message stays for ${JSON.stringify(ttl)}`,
        stream("A", { allow_msg_ttl: true }),
        ask("a.1", "1", { "Nats-TTL": ttl }),
        stream("B"),
        ask("b.1", "1", { "Nats-TTL": ttl }),
      )
    ),
  scene(
    "A message goes when its time is over",
    stream("A", { allow_msg_ttl: true }),
    ask("a.1", "1", { "Nats-TTL": "1s" }),
    ask("a.2", "2", { "Nats-TTL": "1h" }),
    wait(2_500),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  scene(
    "A marker is left where the last message of a subject has gone",
    stream("A", { subject_delete_marker_ttl: 60_000_000_000, max_msgs_per_subject: 1 }),
    ask("a.1", "1"),
    ask("a.1", "2", { "Nats-TTL": "1s" }),
    ask("a.2", "3"),
    wait(2_500),
    api("STREAM.MSG.GET.A", { last_by_subj: "a.1" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  scene(
    "A message stays at least as long as its marker would",
    stream("A", { subject_delete_marker_ttl: 60_000_000_000 }),
    ask("a.1", "1", { "Nats-TTL": "1s", "X-A": "b" }),
    api("STREAM.MSG.GET.A", { seq: 1 }),
  ),
];
