import { api, MS, type Scene, scene, stream, subscribe, take, wait } from "../scene.ts";
import { consumer, info } from "./consumers.ts";
import { messages, opening, paced, pull, request } from "./pulling.ts";

const EVENTS = "$JS.EVENT.ADVISORY.CONSUMER.>";
const pinned = { priority_policy: "pinned_client", priority_groups: ["g"] };

/** Which of those who ask get the messages. */
export const priorities: readonly Scene[] = [
  scene(
    "Requests name their group",
    ...opening(2, { priority_policy: "overflow", priority_groups: ["g", "h"] }),
    ...pull("c", { batch: 1 }, 1),
    ...pull("c", { batch: 1, group: "x" }, 1),
    ...pull("c", { batch: 1, group: "g" }, 1),
    ...pull("c", { batch: 1, group: "g", id: "x" }, 1),
    ...pull("c", { batch: 1, group: "g", priority: 11 }, 1),
    ...pull("c", "", 1),
    info("c"),
  ),
  scene(
    "Some only get what others leave",
    ...opening(3, { priority_policy: "overflow", priority_groups: ["g"] }),
    ...pull("c", { batch: 1, group: "g", min_pending: 5, expires: 100 * MS }, 1),
    ...pull("c", { batch: 1, group: "g", min_pending: 3, expires: 100 * MS }, 1),
    ...pull("c", { batch: 1, group: "g", min_ack_pending: 2, expires: 100 * MS }, 1),
    ...pull("c", { batch: 1, group: "g", min_ack_pending: 1, expires: 100 * MS }, 1),
    info("c"),
  ),
  scene(
    "One client is pinned",
    stream("A"),
    ...messages(2),
    consumer("c", pinned),
    subscribe("p"),
    subscribe("q"),
    subscribe(EVENTS),
    ...pull("c", { batch: 1, group: "g" }, 1),
    take(EVENTS, 1),
    info("c"),
    ...pull("c", { batch: 1, group: "g", expires: 100 * MS }, 1, 500, "q"),
    ...pull("c", { batch: 1, group: "g", id: "wrong" }, 1, 500, "q"),
    api("CONSUMER.UNPIN.A.c", { group: "h" }),
    api("CONSUMER.UNPIN.A.c", { group: "g" }),
    take(EVENTS, 1),
    info("c"),
    ...pull("c", { batch: 1, group: "g" }, 1, 500, "q"),
    take(EVENTS, 1),
  ),
  scene(
    "A client that does not ask any more is not pinned for ever",
    ...opening(2, { ...pinned, priority_timeout: 200 * MS }),
    subscribe("q"),
    subscribe(EVENTS),
    ...pull("c", { batch: 1, group: "g" }, 1),
    take(EVENTS, 1),
    request("c", { batch: 1, group: "g", expires: 1_000 * MS }, "q"),
    take(EVENTS, 1),
    take("q", 1),
    take(EVENTS, 1),
    wait(300),
    info("c"),
    ...pull("c", { batch: 1, group: "g", id: "old" }, 1, 300),
  ),
  scene(
    "The least number comes first",
    ...opening(0, { priority_policy: "prioritized", priority_groups: ["g"] }),
    subscribe("q"),
    request("c", { batch: 2, group: "g", priority: 5, expires: 300 * MS }),
    request("c", { batch: 2, group: "g", priority: 1, expires: 300 * MS }, "q"),
    ...paced(3),
    take("q", 2),
    take("p", 1),
    info("c"),
  ),
];
