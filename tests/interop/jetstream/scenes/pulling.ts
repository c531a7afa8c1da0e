import {
  api,
  ask,
  MS,
  publish,
  type Scene,
  scene,
  type Step,
  stream,
  subscribe,
  take,
  unsubscribe,
  wait,
} from "../scene.ts";
import { consumer, info } from "./consumers.ts";

/** Asks a consumer of stream A for messages, and takes what comes. */
export function pull(
  name: string,
  body: unknown,
  count: number,
  within = 1_000,
  inbox = "p",
): Step[] {
  return [request(name, body, inbox), take(inbox, count, within)];
}

/** Asks a consumer of stream A for messages. */
export function request(name: string, body: unknown, inbox = "p"): Step {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return publish(`$JS.API.CONSUMER.MSG.NEXT.A.${name}`, text, undefined, inbox);
}

/** Publishes so many messages, alternately on `a.1` and `a.2`. */
export function messages(count: number): Step[] {
  const list = Array.from({ length: count }, (_, i) => ask(`a.${i % 2 + 1}`, `m${i + 1}`));
  // consumers of the real server hear of them a little later
  return [...list, wait(30)];
}

/** The same, with time for each to be delivered before the next. */
export function paced(count: number): Step[] {
  return messages(count).flatMap((step) => [step, wait(30)]);
}

/** Makes stream A with so many messages, and a consumer of it that is asked on `p`. */
export function opening(count: number, config: Readonly<Record<string, unknown>> = {}): Step[] {
  const stored = count > 0 ? messages(count) : [];
  return [stream("A"), ...stored, consumer("c", config), subscribe("p")];
}

/** Asking for messages. */
export const pulling: readonly Scene[] = [
  scene(
    "Messages are asked for one by one, and many at once",
    ...opening(6),
    ...pull("c", "", 1),
    ...pull("c", "2", 2),
    ...pull("c", { batch: 1 }, 1),
    ...pull("c", "what", 1),
    info("c"),
    ...pull("c", { batch: 5, no_wait: true }, 2),
    info("c"),
    ...pull("c", { batch: 5, no_wait: true }, 1),
    ...pull("c", { no_wait: true }, 1),
  ),
  scene(
    "A request waits for messages, and ends",
    ...opening(0),
    ...pull("c", { batch: 2, expires: 150 * MS }, 1),
    request("c", { batch: 2, expires: 500 * MS }),
    info("c"),
    ...messages(1),
    take("p", 2),
    info("c"),
    ...pull("c", { expires: 100 * MS, max_bytes: 1_000 }, 1),
    ...pull("c", { batch: 3, expires: 150 * MS, no_wait: true }, 1),
  ),
  scene(
    "A request hears that it still waits",
    ...opening(0),
    ...pull("c", { batch: 1, expires: 1_000 * MS, idle_heartbeat: 400 * MS }, 3, 2_000),
    ...pull("c", { batch: 1, expires: 300 * MS, idle_heartbeat: 200 * MS }, 1),
    ...pull("c", { batch: 1, idle_heartbeat: 200 * MS }, 1),
  ),
  scene(
    "A request says how many bytes it takes",
    ...opening(6),
    ...pull("c", { batch: 5, max_bytes: 10, expires: 100 * MS }, 1),
    ...pull("c", { batch: 5, max_bytes: 130, expires: 100 * MS }, 3, 400),
    ...pull("c", { batch: 1, max_bytes: 1_000, expires: 100 * MS }, 2, 400),
    info("c"),
  ),
  scene(
    "What a request may ask for is limited",
    ...opening(3, { max_batch: 2, max_expires: 1_500 * MS, max_bytes: 500, max_waiting: 2 }),
    subscribe("q"),
    ...pull("c", { batch: 3 }, 1),
    ...pull("c", { batch: 1, expires: 2_000 * MS }, 1),
    ...pull("c", { batch: 1, max_bytes: 501 }, 1),
    ...pull("c", { batch: 2, no_wait: true }, 2),
    ...pull("c", { batch: 1, no_wait: true }, 1),
    request("c", { batch: 1, expires: 700 * MS }),
    request("c", { batch: 1, expires: 700 * MS }),
    ...pull("c", { batch: 1, expires: 700 * MS }, 1, 300, "q"),
    ...pull("c", { batch: 1, expires: 700 * MS, idle_heartbeat: 50 * MS }, 1, 200, "q"),
    info("c"),
    take("p", 2),
  ),
  scene(
    "Those who ask are served in turn",
    ...opening(0),
    subscribe("q"),
    request("c", { batch: 2, expires: 500 * MS }),
    request("c", { batch: 2, expires: 500 * MS }, "q"),
    ...paced(4),
    take("p", 2),
    take("q", 2),
    info("c"),
  ),
  scene(
    "Who does not listen any more gets nothing",
    ...opening(0),
    subscribe("q"),
    request("c", { batch: 2 }),
    request("c", { batch: 2 }, "q"),
    info("c"),
    unsubscribe("p"),
    ...paced(2),
    take("q", 2),
    info("c"),
  ),
  scene(
    "A consumer that delivers by itself is not asked",
    stream("A"),
    consumer("c", { deliver_subject: "d.1" }),
    ask("$JS.API.CONSUMER.MSG.NEXT.A.c"),
  ),
  scene(
    "Bad requests for messages are refused",
    ...opening(2),
    ...pull("c", "{", 1),
    ...pull("c", { batch: "1" }, 1),
    ...pull("c", { batch: 1.5 }, 1),
    ...pull("c", { expires: "1s" }, 1),
    ...pull("c", { batch: 1, what: 1 }, 1),
    ...pull("c", { batch: 1, group: "g", expires: 50 * MS }, 1),
    ...pull("c", { batch: 1, min_pending: 1 }, 1),
    ...pull("c", { batch: 1, id: "x" }, 1),
    ...pull("c", { batch: 1, priority: 10 }, 1),
    ...pull("c", { batch: -1, expires: 50 * MS }, 1),
    ...pull("c", { batch: 0, expires: 50 * MS }, 1),
    info("c"),
  ),
  scene(
    "Those who wait hear that the consumer is gone",
    ...opening(0),
    request("c", { batch: 1, expires: 2_000 * MS }),
    api("CONSUMER.DELETE.A.c"),
    take("p", 1),
  ),
  scene(
    "Only headers are delivered where that is enough",
    stream("A"),
    ask("a.1", "body", { "X-A": "b" }),
    ask("a.2", "other"),
    consumer("c", { headers_only: true }),
    subscribe("p"),
    ...pull("c", { batch: 2 }, 2),
  ),
  scene(
    "A consumer delivers by filter",
    stream("A"),
    ...messages(6),
    consumer("one", { filter_subject: "a.2" }),
    consumer("both", { filter_subjects: ["a.2", "a.1"] }),
    consumer("wide", { filter_subject: "a.*" }),
    subscribe("p"),
    ...pull("one", { batch: 2 }, 2),
    info("one"),
    ...pull("one", { batch: 3, no_wait: true }, 2),
    info("one"),
    ...pull("both", { batch: 3 }, 3),
    ...pull("wide", { batch: 6 }, 6),
    consumer("one", { filter_subject: "a.1" }),
    ...pull("one", { batch: 3, no_wait: true }, 1),
    ...messages(2),
    ...pull("one", { batch: 3, no_wait: true }, 2),
  ),
  scene(
    "The last messages of each subject are delivered first",
    ...opening(5, { deliver_policy: "last_per_subject", filter_subject: "a.>" }),
    ...messages(1),
    info("c"),
    ...pull("c", { batch: 1 }, 1),
    info("c"),
    ...pull("c", { batch: 5, no_wait: true }, 3),
    info("c"),
  ),
  scene(
    "Where nothing is acknowledged everything is",
    ...opening(3, { ack_policy: "none" }),
    ...pull("c", { batch: 2 }, 2),
    info("c"),
  ),
  scene(
    "Messages that are gone are not delivered",
    ...opening(6),
    ...pull("c", { batch: 1 }, 1),
    api("STREAM.MSG.DELETE.A", { seq: 2 }),
    api("STREAM.MSG.DELETE.A", { seq: 4 }),
    info("c"),
    ...pull("c", { batch: 2 }, 2),
    api("STREAM.MSG.DELETE.A", { seq: 3 }),
    wait(50),
    info("c"),
    api("STREAM.PURGE.A", { seq: 6 }),
    wait(50),
    info("c"),
    ...pull("c", { batch: 3, no_wait: true }, 2),
    api("STREAM.PURGE.A"),
    wait(50),
    info("c"),
  ),
  scene(
    "A consumer is paused",
    ...opening(2),
    subscribe("$JS.EVENT.ADVISORY.CONSUMER.PAUSE.>"),
    api("CONSUMER.PAUSE.A.c", { pause_until: "2100-01-01T00:00:00Z" }),
    take("$JS.EVENT.ADVISORY.CONSUMER.PAUSE.>", 1),
    info("c"),
    ...pull("c", { batch: 1, no_wait: true }, 1),
    ...pull("c", { batch: 1, expires: 100 * MS }, 1),
    consumer("c", { description: "still" }),
    request("c", { batch: 2, expires: 900 * MS }),
    wait(50),
    api("CONSUMER.PAUSE.A.c", {}),
    take("$JS.EVENT.ADVISORY.CONSUMER.PAUSE.>", 1),
    take("p", 2),
    info("c"),
    consumer("d", { pause_until: "2100-01-01T00:00:00Z" }),
    take("$JS.EVENT.ADVISORY.CONSUMER.PAUSE.>", 1),
    api("CONSUMER.PAUSE.A.d", { pause_until: "2000-01-01T00:00:00Z" }),
    info("d"),
  ),
];
