import {
  api,
  ask,
  type Scene,
  scene,
  type Step,
  stream,
  until,
  untilStored,
  wait,
} from "../scene.ts";

/** Long enough for nats-server to have asked an origin that is there, or to have seen that none is, in milliseconds. */
const SOON = 600;

/** Streams that are the same as another one. */
export const mirrors: readonly Scene[] = [
  scene(
    "A mirror has what its origin has, under the same sequences",
    stream("A"),
    ask("a.1", "1", { "X-A": "b", "Nats-Msg-Id": "x" }),
    ask("a.2", "2"),
    mirror("B", { name: "A" }),
    until("B", 2),
    ask("a.3", "3"),
    until("B", 3),
    ...messages("B", 1, 3),
    api("STREAM.INFO.B", { subjects_filter: ">" }),
    api("STREAM.INFO.A"),
    api("STREAM.LIST"),
  ),
  scene(
    "A mirror leaves out what its origin has lost",
    stream("A"),
    ...["1", "2", "3", "4", "5"].map((body) => ask("a.1", body)),
    ...[1, 2, 4].map((seq) => api("STREAM.MSG.DELETE.A", { seq })),
    mirror("B", { name: "A" }),
    until("B", 2),
    api("STREAM.INFO.B", { deleted_details: true }),
    api("STREAM.PURGE.A"),
    ask("a.1", "6"),
    until("B", 3),
    api("STREAM.INFO.B", { deleted_details: true }),
  ),
  scene(
    "A mirror keeps to a subject",
    stream("A"),
    ...["1", "2", "1", "2", "1"].map((token) => ask(`a.${token}`, token)),
    mirror("B", { name: "A", filter_subject: "a.2" }),
    until("B", 2),
    ask("a.1", "6"),
    ask("a.2", "7"),
    until("B", 3),
    api("STREAM.INFO.B", { deleted_details: true }),
  ),
  scene(
    "A mirror changes subjects",
    stream("A"),
    mirror("B", {
      name: "A",
      subject_transforms: [{ src: "a.x.*", dest: "p.{{partition(3,1)}}.$1" }, {
        src: "a.y",
        dest: "",
      }],
    }),
    wait(SOON),
    ask("a.x.1", "1"),
    ask("a.y", "2"),
    ask("a.z", "3"),
    until("B", 2),
    ...messages("B", 1, 2),
    api("STREAM.INFO.B", { subjects_filter: ">" }),
  ),
  ...[{ opt_start_seq: 3 }, { opt_start_seq: 9 }, { opt_start_time: "2020-01-01T00:00:00Z" }].map(
    (start) =>
      scene(
        `A mirror begins with ${JSON.stringify(start)}`,
        stream("A"),
        ...["1", "2", "3"].map((body) => ask("a.1", body)),
        mirror("B", { name: "A", ...start }),
        wait(SOON),
        ask("a.1", "4"),
        wait(SOON),
        api("STREAM.INFO.B"),
      ),
  ),
  scene(
    "A mirror is there before its origin",
    mirror("B", { name: "A" }),
    wait(SOON),
    api("STREAM.INFO.B"),
    stream("A"),
    ask("a.1", "1"),
    until("B", 1),
    api("STREAM.INFO.B"),
  ),
  scene(
    "A mirror loses messages of its own",
    stream("A"),
    mirror("B", { name: "A" }),
    ask("a.1", "1"),
    ask("a.1", "2"),
    until("B", 2),
    api("STREAM.MSG.DELETE.B", { seq: 1 }),
    api("STREAM.PURGE.B"),
    ask("a.1", "3"),
    until("B", 1),
    ...messages("B", 3),
    api("STREAM.INFO.B"),
  ),
  scene(
    "A mirror has limits of its own",
    stream("A", { max_msgs_per_subject: 1 }),
    mirror("B", { name: "A" }, { max_msgs: 2 }),
    ...[1, 2, 3].flatMap((seq) => [ask("a.1", `${seq}`), untilStored("B", seq)]),
    api("STREAM.INFO.B", { deleted_details: true }),
    api("STREAM.INFO.A", { deleted_details: true }),
  ),
  scene(
    "A mirror becomes a stream of its own, and never another one's mirror",
    stream("A"),
    mirror("B", { name: "A" }),
    ask("a.1", "1"),
    until("B", 1),
    api("STREAM.UPDATE.B", { name: "B", storage: "memory", mirror: { name: "C" } }),
    api("STREAM.UPDATE.B", {
      name: "B",
      storage: "memory",
      mirror: { name: "A" },
      description: "new",
    }),
    api("STREAM.UPDATE.B", { name: "B", storage: "memory", subjects: ["b"] }),
    ask("a.1", "2"),
    ask("b", "3"),
    wait(SOON),
    api("STREAM.INFO.B"),
    api("STREAM.UPDATE.B", { name: "B", storage: "memory", mirror: { name: "A" } }),
  ),
  scene(
    "A mirror is copied, and mirrored",
    stream("A"),
    mirror("B", { name: "A" }),
    stream("C", { subjects: [], sources: [{ name: "B" }] }),
    mirror("D", { name: "B" }),
    ask("a.1", "1"),
    until("C", 1),
    until("D", 1),
    ...messages("C", 1),
    ...messages("D", 1),
  ),
  scene(
    "A work queue is emptied into its mirror",
    stream("A", { retention: "workqueue" }),
    ask("a.1", "1"),
    mirror("B", { name: "A" }),
    until("B", 1),
    until("A", 0),
    ask("a.1", "2"),
    until("B", 2),
    until("A", 0),
    api("STREAM.INFO.B"),
  ),
  scene(
    "Streams cannot mirror each other",
    mirror("A", { name: "B" }),
    mirror("B", { name: "A" }),
    mirror("C", { name: "C" }),
    stream("B", { subjects: [], sources: [{ name: "A" }] }),
  ),
  scene(
    "A mirror must take the largest messages of its origin, and says as it does whether it is read directly",
    stream("A", { max_msg_size: 500, allow_direct: true }),
    mirror("B", { name: "A" }, { max_msg_size: 499 }),
    mirror("B", { name: "A" }, { max_msg_size: 500 }),
    mirror("C", { name: "A" }, { pedantic: true }),
    mirror("D", { name: "A" }, { mirror_direct: true, pedantic: true }),
  ),
];

/** Makes a stream in memory that is the same as another one. */
function mirror(name: string, origin: object, config: object = {}): Step {
  return stream(name, { subjects: [], mirror: origin, ...config });
}

/** Asks for messages by their sequences. */
function messages(name: string, ...sequences: number[]): Step[] {
  return sequences.map((seq) => api(`STREAM.MSG.GET.${name}`, { seq }));
}
