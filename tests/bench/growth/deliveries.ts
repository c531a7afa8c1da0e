import type { NatsConnection } from "@nats-io/transport-deno";
import { Arrivals } from "../arrivals.ts";
import type { Side } from "../work.ts";
import type { Growth } from "./growth.ts";
import { type Listeners, openBoth } from "./listeners.ts";

const PAYLOAD = new TextEncoder().encode("sixteen bytes ok");
/** A prime that none of the counts is divided by: each subject has its turn, and neighbours are far apart. */
const STRIDE = 7_919;

/** A message to one of so many that listen. */
export function delivering(listeners: Listeners): Growth["prepare"] {
  return async (ends, count, opened) => {
    const [ours, rival] = [new Arrivals(), new Arrivals()];
    const sender = opened.use(await ends.connect());
    const { broker, client } = await openBoth(ends, opened);
    const subjects = await listeners.ours(broker, count, ours.take);
    const bareSubjects = await listeners.rival(client, count, rival.take);
    return {
      ours: sending(sender, subjects, ours),
      rival: sending(sender, bareSubjects, rival),
    };
  };
}

/** Sends to one subject after the other; `arrivals` is told of each message by whoever listens. */
function sending(
  sender: NatsConnection,
  subjects: readonly string[],
  arrivals: Arrivals,
): Side<boolean> {
  return async (operations) => {
    await arrivals.carry(operations, (number) => {
      sender.publish(subjects[number * STRIDE % subjects.length]!, PAYLOAD);
    });
    return true;
  };
}
