import { createInbox } from "@nats-io/transport-deno";
import { inLanes } from "../lanes.ts";
import { adding } from "./additions.ts";
import { delivering } from "./deliveries.ts";
import type { Growth } from "./growth.ts";
import type { Listeners } from "./listeners.ts";

const THINGS = "inboxes open";

/** Each is read in a loop until its connection is closed. */
const INBOXES: Listeners = {
  async ours(broker, count, take) {
    const subjects: string[] = [];
    await inLanes(count, async () => {
      const inbox = await broker.openInbox();
      subjects.push(inbox.subject);
      void read(inbox, take);
    });
    return subjects;
  },
  async rival(client, count, take) {
    const subjects = Array.from({ length: count }, () => createInbox());
    for (const subject of subjects) void read(client.subscribe(subject), take);
    await client.flush();
    return subjects;
  },
};

/** A message to an inbox that is read in a loop. */
export const inboxMessages: Growth = {
  name: "growth: message to one of 1 → 10 000 inboxes",
  operation: "A message to an inbox",
  things: THINGS,
  prepare: delivering(INBOXES),
};

/** One more inbox is opened, known to the server, and closed. */
export const inboxOpenings: Growth = {
  name: "growth: open and close, beside 1 → 10 000 inboxes",
  operation: "Opening and closing an inbox",
  things: THINGS,
  prepare: adding(INBOXES, {
    async ours(broker) {
      const inbox = await broker.openInbox();
      await inbox.close();
      return await inbox.closed === "cancelled";
    },
    async rival(client) {
      const subscription = client.subscribe(createInbox());
      await client.flush();
      subscription.unsubscribe();
      return subscription.getReceived() === 0;
    },
  }),
};

async function read(messages: AsyncIterable<unknown>, take: () => void): Promise<void> {
  for await (const _ of messages) take();
}
