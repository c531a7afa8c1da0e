import { createInbox } from "@nats-io/transport-deno";
import { Arrivals } from "../arrivals.ts";
import type { Ends } from "../ends.ts";
import type { Side } from "../work.ts";
import { type Carried, Count, type Kind } from "./kinds.ts";

/**
 * Publishes as fast as the subscriber takes, as many at a time as a link has on its way. Each message has an address of
 * reply, which is what a frame's name is written in, so that the same is on the wire.
 */
export function publishingFrames(ends: Ends, kind: Kind): Side<Carried> {
  return async (operations) => {
    const count = new Count(kind);
    const arrivals = new Arrivals();
    await using listener = await ends.connect();
    await using client = await ends.connect();
    const subject = `${createInbox()}.o1`;
    const inbox = createInbox();
    listener.subscribe(subject, {
      callback(_error, message) {
        count.take(kind.decode(message));
        arrivals.take();
      },
    });
    await listener.flush();
    await arrivals.carry(operations, (number) => {
      client.publish(subject, kind.encode(number), { reply: `${inbox}.${number + 1}b` });
    });
    return { sent: operations, right: count.right };
  };
}
