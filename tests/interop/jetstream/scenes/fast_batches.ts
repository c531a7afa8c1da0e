import { api, publish, type Scene, scene, type Step, stream, subscribe, take } from "../scene.ts";

type Headers = Readonly<Record<string, string>>;

const START = 0, ADD = 1, LAST = 2, END = 3, PING = 4;

/** A message of a batch that is acknowledged on `fast.>`. */
function part(
  seq: number | string,
  kind: number | string,
  { id = "one", flow = "3", gaps = "fail", subject = "a.1", ...headers }: Headers = {},
): Step {
  const reply = `fast.${id}.${flow}.${gaps}.${seq}.${kind}.$FI`;
  return publish(subject, `${seq}`, Object.keys(headers).length > 0 ? headers : undefined, reply);
}

const heard = (count: number): Step => take("fast.>", count, 400);
const A = { allow_batched: true, allow_rollup_hdrs: true };
const scenes = (name: string, ...steps: Step[]): Scene =>
  scene(name, subscribe("fast.>"), stream("A", A), ...steps);

/** Batches of messages that are stored as they come. */
export const fastBatches: readonly Scene[] = [
  scenes(
    "A fast batch is acknowledged now and then, and at its last message",
    part(1, START),
    heard(1),
    ...[2, 3, 4, 5, 6, 7].map((seq) => part(seq, ADD)),
    heard(2),
    part(8, LAST),
    heard(1),
    api("STREAM.INFO.A"),
  ),
  scenes("A fast batch is one message", part(1, LAST), heard(1), part(1, END), heard(1)),
  scenes("A fast batch ends", part(1, START), part(2, ADD), part(3, END), heard(2)),
  scenes(
    "A fast batch is asked how far it has come",
    part(1, START),
    part(1, PING),
    heard(2),
    part(2, ADD),
    part(3, ADD),
    part(3, PING),
    heard(2),
  ),
  scenes(
    "A fast batch has a gap that it does not allow",
    part(1, START),
    part(3, ADD),
    heard(3),
    part(4, ADD),
    heard(1),
    api("STREAM.INFO.A"),
  ),
  scenes(
    "A fast batch has a gap that it allows",
    part(1, START, { gaps: "ok" }),
    part(3, ADD, { gaps: "ok" }),
    part(5, LAST, { gaps: "ok" }),
    heard(4),
    api("STREAM.INFO.A"),
  ),
  scenes("A fast batch goes back", part(1, START), part(2, ADD), part(2, ADD), heard(3)),
  scenes(
    "A fast batch that allows gaps goes back",
    part(1, START, { gaps: "ok" }),
    part(5, ADD, { gaps: "ok" }),
    part(3, ADD, { gaps: "ok" }),
    part(4, ADD, { gaps: "ok" }),
    part(6, LAST, { gaps: "ok" }),
    heard(6),
    api("STREAM.INFO.A"),
  ),
  scenes(
    "A fast batch is asked for more than has come",
    part(1, START),
    part(5, PING),
    heard(3),
    part(1, START, { gaps: "ok", id: "two" }),
    part(5, PING, { gaps: "ok", id: "two" }),
    part(6, LAST, { gaps: "ok", id: "two" }),
    heard(4),
  ),
  scenes(
    "A fast batch has a message that is refused",
    part(1, START),
    part(2, ADD, { "Nats-Expected-Stream": "B" }),
    heard(3),
    part(1, START, { id: "two", "Nats-Expected-Stream": "B" }),
    heard(2),
    part(1, START, { id: "three", gaps: "ok" }),
    part(2, ADD, { id: "three", gaps: "ok", "Nats-Expected-Stream": "B" }),
    part(3, LAST, { id: "three", gaps: "ok" }),
    heard(3),
    part(1, START, { id: "four" }),
    part(2, LAST, { id: "four", "Nats-TTL": "1s" }),
    heard(3),
  ),
  scenes(
    "A fast batch has a message that was stored before",
    part(1, START, { "Nats-Msg-Id": "x" }),
    part(2, ADD, { "Nats-Msg-Id": "x" }),
    part(3, ADD, { "Nats-Msg-Id": "y" }),
    part(4, LAST, { "Nats-Msg-Id": "y" }),
    heard(3),
    part(1, LAST, { "Nats-Msg-Id": "x" }),
    heard(1),
  ),
  scenes(
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
  scenes(
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
  scenes(
    "A fast batch needs a newer API",
    part(1, START, { "Nats-Required-Api-Level": "4" }),
    part(2, ADD, { "Nats-Required-Api-Level": "9" }),
    heard(2),
    api("STREAM.MSG.GET.A", { seq: 1 }),
  ),
  scene(
    "Fast batches are not for every stream",
    subscribe("fast.>"),
    stream("A"),
    part(1, START),
    heard(1),
    api("STREAM.INFO.A"),
  ),
];
