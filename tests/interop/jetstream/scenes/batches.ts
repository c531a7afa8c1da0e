import {
  api,
  ask,
  type Scene,
  scene,
  type Step,
  stream,
  subscribe,
  take,
  update,
} from "../scene.ts";

type Headers = Readonly<Record<string, string>>;

/** The next message of a batch. */
function part(
  seq: number | string,
  subject: string,
  { commit, id = "one", ...headers }: Headers & { commit?: string; id?: string } = {},
): Step {
  return ask(subject, `${seq}`, { ...inBatch(id, seq, commit), ...headers }, { within: 400 });
}

/** The headers of a message in a batch. */
export function inBatch(id: string, seq: number | string, commit?: string): Headers {
  return {
    "Nats-Batch-Id": id,
    "Nats-Batch-Sequence": `${seq}`,
    ...commit !== undefined && { "Nats-Batch-Commit": commit },
  };
}

const last = (seq: number) => ({ "Nats-Expected-Last-Sequence": String(seq) });
const lastOf = (seq: number) => ({ "Nats-Expected-Last-Subject-Sequence": String(seq) });
const A = { allow_atomic: true, allow_rollup_hdrs: true, allow_msg_ttl: true };

/** A scene on a stream that takes batches. */
const batchScene = (name: string, ...steps: Step[]): Scene => scene(name, stream("A", A), ...steps);

/** Batches whose messages are all stored, or none. */
export const batches: readonly Scene[] = [
  batchScene(
    "A batch is stored when its last message comes",
    part(1, "a.1"),
    part(2, "a.2"),
    api("STREAM.INFO.A"),
    part(3, "a.3", { commit: "1" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
    api("STREAM.MSG.GET.A", { seq: 1 }),
    api("STREAM.MSG.GET.A", { seq: 3 }),
    part(4, "a.3"),
  ),
  batchScene(
    "A batch is stored when its end comes",
    part(1, "a.1"),
    part(2, "a.2"),
    part(3, "a.3", { commit: "eob" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
    api("STREAM.MSG.GET.A", { seq: 2 }),
  ),
  batchScene(
    "A batch is one message",
    part(1, "a.1", { commit: "1" }),
    part(1, "a.1", { commit: "eob" }),
    part(1, "a.1", { commit: "yes" }),
    part(1, "a.1", { commit: "" }),
  ),
  scene(
    "A batch has a gap",
    subscribe("$JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.>"),
    stream("A", A),
    part(1, "a.1"),
    part(3, "a.1"),
    part(2, "a.1"),
    take("$JS.EVENT.ADVISORY.STREAM.BATCH_ABANDONED.>", 1),
    api("STREAM.INFO.A"),
  ),
  batchScene(
    "A batch is told apart by its id",
    part(1, "a.1", { id: "x" }),
    part(1, "a.2", { id: "y" }),
    part(2, "a.3", { id: "x", commit: "1" }),
    part(2, "a.4", { id: "y", commit: "1" }),
    part(1, "a.4", { id: "z".repeat(64) }),
    part(1, "a.4", { id: "z".repeat(65) }),
    part(1, "a.4", { id: "" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  batchScene(
    "A batch has no sequence",
    ask("a.1", "x", { "Nats-Batch-Id": "one" }),
    part("", "a.1"),
    part("one", "a.1"),
    part(0, "a.1"),
    part(2, "a.1"),
    part(1_002, "a.1"),
    part(1_001, "a.1", { commit: "eob" }),
  ),
  scene(
    "Batches are not for every stream",
    stream("A"),
    part(1, "a.1"),
    part(1, "a.1", { commit: "1" }),
  ),
  batchScene(
    "A batch expects the last sequence",
    part(1, "a.1", last(0)),
    part(2, "a.2", { commit: "1" }),
    part(1, "a.1", last(1)),
    part(2, "a.2", { commit: "1" }),
    part(1, "a.1"),
    part(2, "a.2", { commit: "1", ...last(2) }),
    part(1, "a.1"),
    part(2, "a.2", { commit: "1", ...last(3) }),
    api("STREAM.INFO.A"),
  ),
  batchScene(
    "A batch expects the last sequences of subjects",
    part(1, "a.1", lastOf(0)),
    part(2, "a.2", { commit: "1", ...lastOf(0) }),
    part(1, "a.1", lastOf(1)),
    part(2, "a.2", { commit: "1", ...lastOf(1) }),
    part(1, "a.1", lastOf(1)),
    part(2, "a.1", { commit: "1", ...lastOf(1) }),
    part(1, "a.1", lastOf(1)),
    part(2, "a.1", { commit: "1" }),
    api("STREAM.INFO.A"),
  ),
  batchScene(
    "A batch has ids",
    part(1, "a.1", { "Nats-Msg-Id": "x" }),
    part(2, "a.1", { commit: "1", "Nats-Msg-Id": "x" }),
    part(1, "a.1", { "Nats-Msg-Id": "x" }),
    part(2, "a.1", { commit: "1", "Nats-Msg-Id": "y" }),
    part(1, "a.1", { commit: "1", "Nats-Msg-Id": "x" }),
    part(1, "a.1", { commit: "1", "Nats-Expected-Last-Msg-Id": "y" }),
  ),
  batchScene(
    "A batch takes the place of other messages",
    ask("a.1", "old"),
    part(1, "a.1", { "Nats-Rollup": "sub" }),
    part(2, "a.2", { commit: "1" }),
    part(1, "a.2"),
    part(2, "a.2", { commit: "1", "Nats-Rollup": "sub" }),
    part(1, "a.2"),
    part(2, "a.3", { commit: "1", "Nats-Rollup": "all" }),
    part(1, "a.2", { "Nats-Rollup": "all" }),
    part(2, "a.3", { commit: "1" }),
    api("STREAM.INFO.A", { subjects_filter: ">" }),
  ),
  scene(
    "A batch is refused for one of its messages",
    stream("A", { allow_atomic: true, max_msg_size: 200 }),
    part(1, "a.1"),
    part(2, "a.2", { commit: "1", "Nats-TTL": "1s" }),
    part(1, "a.1", { commit: "1", "Nats-Expected-Stream": "B" }),
    part(1, "a.1", { commit: "1", "Nats-Rollup": "sub" }),
    part(1, "a.1", { commit: "1", "Nats-Incr": "1" }),
    part(1, "a.1", { commit: "1", "X-A": "y".repeat(300) }),
    part(1, "a.1", { commit: "1", "Nats-Stream-Source": "B" }),
    part(1, "a.1", { commit: "1", "Nats-Schedule": "@every 1s" }),
    api("STREAM.INFO.A"),
  ),
  batchScene(
    "A batch is refused where its messages have a wrong time to live",
    part(1, "a.1", { commit: "1", "Nats-TTL": "soon" }),
    part(1, "a.1", { commit: "1", "Nats-TTL": "5" }),
  ),
  scene(
    "A batch is refused where there is no room",
    stream("A", { allow_atomic: true, discard: "new", max_msgs: 2 }),
    ask("a.1", "x"),
    part(1, "a.1"),
    part(2, "a.2", { commit: "1" }),
    part(1, "a.2", { commit: "1" }),
    api("STREAM.INFO.A"),
  ),
  scene(
    "A batch is refused where a subject has no room",
    stream("A", {
      allow_atomic: true,
      discard: "new",
      max_msgs_per_subject: 1,
      discard_new_per_subject: true,
    }),
    ask("a.1", "x"),
    part(1, "a.2"),
    part(2, "a.2", { commit: "1" }),
    part(1, "a.2"),
    part(2, "a.1", { commit: "1" }),
    part(1, "a.2"),
    part(2, "a.3", { commit: "1" }),
  ),
  batchScene(
    "A batch needs a newer API",
    part(1, "a.1", { "Nats-Required-Api-Level": "2" }),
    part(2, "a.1", { commit: "1", "Nats-Required-Api-Level": "99" }),
    part(1, "a.1", { commit: "1", "Nats-Required-Api-Level": "2" }),
    api("STREAM.MSG.GET.A", { seq: 1 }),
  ),
  scene(
    "A batch counts",
    stream("A", { allow_atomic: true, allow_msg_counter: true }),
    ask("a.1", "", { "Nats-Incr": "5" }),
    ask("a.1", "", { "Nats-Incr": "1", ...inBatch("b", 1) }),
    ask("a.1", "", { "Nats-Incr": "2", ...inBatch("b", 2, "1") }),
    api("STREAM.MSG.GET.A", { seq: 3 }),
  ),
  batchScene(
    "A sealed stream takes no batch",
    update({ sealed: true, ...A }),
    part(1, "a.1", { commit: "1" }),
  ),
];
