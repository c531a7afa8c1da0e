import { createInbox, type NatsConnection } from "@nats-io/transport-deno";
import type { NatsBroker } from "../../../mod.ts";
import { Arrivals } from "../arrivals.ts";
import { brokerOf } from "../ends.ts";
import { inLanes } from "../lanes.ts";
import { delivering } from "./deliveries.ts";
import type { Growth } from "./growth.ts";

const THINGS = "inboxes open";

/** A message to an inbox that is read in a loop. */
export const inboxMessages: Growth = {
  name: "growth: message to one of 1 → 10 000 inboxes",
  operation: "A message to an inbox",
  things: THINGS,
  prepare: async (ends, count, opened) => {
    const [ours, rival] = [new Arrivals(), new Arrivals()];
    const sender = opened.use(await ends.connect());
    const broker = opened.use(brokerOf(ends.servers));
    const client = opened.use(await ends.connect());
    await broker.start();
    const names = await openMany(broker, count, ours.take);
    const bareNames = await subscribeMany(client, count, rival.take);
    return {
      ours: delivering(sender, names, ours),
      rival: delivering(sender, bareNames, rival),
    };
  },
};

/** One more inbox is opened, known to the server, and closed. */
export const inboxOpenings: Growth = {
  name: "growth: open and close, beside 1 → 10 000 inboxes",
  operation: "Opening and closing an inbox",
  things: THINGS,
  prepare: async (ends, count, opened) => {
    const broker = opened.use(brokerOf(ends.servers));
    const client = opened.use(await ends.connect());
    await broker.start();
    await openMany(broker, count, () => {});
    await subscribeMany(client, count, () => {});
    const open = async () => {
      const inbox = await broker.openInbox();
      await inbox.close();
      return await inbox.closed === "closed";
    };
    const openBare = async () => {
      const subscription = client.subscribe(createInbox());
      await client.flush();
      subscription.unsubscribe();
      return subscription.getReceived() === 0;
    };
    return {
      ours: async (operations) => (await inLanes(operations, open)).every(Boolean),
      rival: async (operations) => (await inLanes(operations, openBare)).every(Boolean),
    };
  },
};

/** Each is read until its connection is closed; gives their subjects. */
async function openMany(
  broker: NatsBroker,
  count: number,
  take: () => void,
): Promise<readonly string[]> {
  const subjects: string[] = [];
  await inLanes(count, async () => {
    const inbox = await broker.openInbox();
    subjects.push(inbox.subject);
    void (async () => {
      for await (const _ of inbox) take();
    })();
  });
  return subjects;
}

async function subscribeMany(
  client: NatsConnection,
  count: number,
  take: () => void,
): Promise<readonly string[]> {
  const subjects = Array.from({ length: count }, () => createInbox());
  for (const subject of subjects) {
    const subscription = client.subscribe(subject);
    void (async () => {
      for await (const _ of subscription) take();
    })();
  }
  await client.flush();
  return subjects;
}
