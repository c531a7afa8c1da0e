import { api, publish, type Scene, scene, type Step, stream, subscribe, take } from "../scene.ts";

type Headers = Readonly<Record<string, string>>;

/** What a message says of its batch. */
export const START = 0, ADD = 1, LAST = 2, END = 3, PING = 4;
/** A stream that takes fast batches. */
export const FAST = { allow_batched: true, allow_rollup_hdrs: true };
/** Another batch, which allows gaps. */
export const TWO = { id: "two", gaps: "ok" };

/** A message of a batch that is acknowledged on `fast.>`. */
export function part(
  seq: number | string,
  kind: number | string,
  options: Headers = {},
): Step {
  const { id = "one", flow = "3", gaps = "fail", subject = "a.1", body = `${seq}`, ...headers } =
    options;
  const reply = `fast.${id}.${flow}.${gaps}.${seq}.${kind}.$FI`;
  return publish(subject, body, Object.keys(headers).length > 0 ? headers : undefined, reply);
}

/** Takes so many acknowledgements. */
export function heard(count: number): Step {
  return take("fast.>", count, 400);
}

/** A scene on stream A of this configuration. */
export function fastBatchSceneIn(
  name: string,
  config: Readonly<Record<string, unknown>>,
  ...steps: Step[]
): Scene {
  return scene(name, subscribe("fast.>"), stream("A", config), ...steps);
}

/** A scene on a stream that takes fast batches. */
export function fastBatchScene(name: string, ...steps: Step[]): Scene {
  return fastBatchSceneIn(name, FAST, ...steps);
}

/** Batches whose messages are stored as they come: their sequences, gaps and acknowledgements. */
export const fastBatches: readonly Scene[] = [
  fastBatchScene(
    "A fast batch is acknowledged now and then, and at its last message",
    part(1, START),
    heard(1),
    ...[2, 3, 4, 5, 6, 7].map((seq) => part(seq, ADD)),
    heard(2),
    part(8, LAST),
    heard(1),
    api("STREAM.INFO.A"),
  ),
  fastBatchScene("A fast batch is one message", part(1, LAST), heard(1), part(1, END), heard(1)),
  fastBatchScene("A fast batch ends", part(1, START), part(2, ADD), part(3, END), heard(2)),
  fastBatchScene(
    "A fast batch is asked how far it has come",
    part(1, START),
    part(1, PING),
    heard(2),
    part(2, ADD),
    part(3, ADD),
    part(3, PING),
    heard(2),
  ),
  fastBatchScene(
    "A fast batch has a gap that it does not allow",
    part(1, START),
    part(3, ADD),
    heard(3),
    part(4, ADD),
    heard(1),
    api("STREAM.INFO.A"),
  ),
  fastBatchScene(
    "A fast batch has a gap that it allows",
    part(1, START, { gaps: "ok" }),
    part(3, ADD, { gaps: "ok" }),
    part(5, LAST, { gaps: "ok" }),
    heard(4),
    api("STREAM.INFO.A"),
  ),
  fastBatchScene("A fast batch goes back", part(1, START), part(2, ADD), part(2, ADD), heard(3)),
  fastBatchScene(
    "A fast batch that allows gaps goes back",
    part(1, START, { gaps: "ok" }),
    part(5, ADD, { gaps: "ok" }),
    part(3, ADD, { gaps: "ok" }),
    part(4, ADD, { gaps: "ok" }),
    part(6, LAST, { gaps: "ok" }),
    heard(6),
    api("STREAM.INFO.A"),
  ),
  fastBatchScene(
    "A fast batch is asked for more than has come",
    part(1, START),
    part(5, PING),
    heard(3),
    part(1, START, TWO),
    part(5, PING, TWO),
    part(6, LAST, TWO),
    heard(4),
  ),
  fastBatchScene(
    "A fast batch is none",
    ...([
      [0, START],
      [2, START],
      [1, ADD],
      [2, ADD],
      [1, 5],
      ["one", START],
      [1, "x"],
      ["", ""],
    ] as const).flatMap(([seq, kind]) => [part(seq, kind), heard(1)]),
    part(1, START, { gaps: "maybe" }),
    heard(1),
    part(1, START, { id: "x".repeat(65) }),
    heard(1),
    publish("a.1", "x", undefined, "fast.$FI"),
    heard(1),
  ),
  fastBatchScene(
    "A fast batch is acknowledged as often as it asks for",
    part(1, START, { flow: "0" }),
    heard(1),
    part(1, START, { id: "two", flow: "1" }),
    heard(1),
    part(2, ADD, { id: "two", flow: "1" }),
    heard(1),
    part(1, LAST, { id: "three", flow: "99999999" }),
    heard(1),
  ),
  fastBatchScene(
    "A fast batch is acknowledged less and less often",
    part(1, START, { flow: "16" }),
    part(1, START, { id: "two", flow: "16" }),
    heard(2),
    ...[2, 3, 4, 5, 6, 7, 8, 9].map((seq) => part(seq, ADD, { id: "two", flow: "16" })),
    heard(3),
    ...Array.from({ length: 40 }, (_, i) => part(i + 2, ADD, { flow: "16" })),
    part(42, PING, { flow: "16" }),
    part(42, END, { flow: "16" }),
    heard(5),
    ...Array.from({ length: 30 }, (_, i) => part(i + 10, ADD, { id: "two", flow: "16" })),
    part(40, LAST, { id: "two", flow: "16" }),
    heard(4),
  ),
  fastBatchScene(
    "A fast batch is over, and goes on",
    part(1, START),
    part(2, LAST),
    heard(2),
    part(3, ADD),
    part(3, PING),
    part(3, END),
    part(3, LAST),
    heard(4),
    part(1, START),
    part(2, LAST),
    heard(2),
    api("STREAM.INFO.A"),
  ),
  fastBatchScene(
    "A fast batch begins twice",
    part(1, START),
    part(1, START),
    heard(3),
    part(2, ADD),
    heard(1),
    part(1, START, TWO),
    part(1, START, TWO),
    part(2, ADD, TWO),
    heard(4),
    api("STREAM.INFO.A"),
  ),
  fastBatchScene(
    "A fast batch says other things of itself than at its beginning",
    part(1, START, { gaps: "fail", flow: "2" }),
    part(2, ADD, { gaps: "ok", flow: "100" }),
    part(4, ADD, { gaps: "ok", flow: "100" }),
    heard(4),
    part(5, ADD, { gaps: "ok", flow: "100" }),
    heard(1),
  ),
];
