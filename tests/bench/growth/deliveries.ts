import type { NatsConnection } from "@nats-io/transport-deno";
import type { Arrivals } from "../arrivals.ts";
import type { Side } from "../work.ts";

const PAYLOAD = new TextEncoder().encode("sixteen bytes ok");
/** A prime that none of the counts is divided by: each subject has its turn, and neighbours are far apart. */
const STRIDE = 7_919;

/** Sends a message to one subject after the other; `arrivals` is told of each by whoever listens. */
export function delivering(
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
