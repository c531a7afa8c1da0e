import type { NatsConnection } from "@nats-io/transport-deno";
import type { NatsBroker } from "../../../mod.ts";
import { Arrivals } from "../arrivals.ts";
import { brokerOf, type Ends } from "../ends.ts";
import { inLanes } from "../lanes.ts";
import { delivering } from "./deliveries.ts";
import type { Growth } from "./growth.ts";

const THINGS = "subjects subscribed to";

/** A message to a handler, of so many that each have a subject. */
export const deliveries: Growth = {
  name: "growth: message to one of 1 → 10 000 subjects",
  operation: "A message to a handler",
  things: THINGS,
  prepare: async (ends, count, opened) => {
    const [ours, rival] = [new Arrivals(), new Arrivals()];
    const sender = opened.use(await ends.connect());
    const { broker, client } = await openBoth(ends, opened);
    const names = await subscribe(broker, count, ours.take);
    const bareNames = await subscribeBare(client, count, rival.take);
    return {
      ours: delivering(sender, names, ours),
      rival: delivering(sender, bareNames, rival),
    };
  },
};

/** One more handler is subscribed, known to the server, and stopped. */
export const subscribings: Growth = {
  name: "growth: subscribe and stop, beside 1 → 10 000 subjects",
  operation: "Subscribing a handler and stopping it",
  things: THINGS,
  prepare: async (ends, count, opened) => {
    const { broker, client } = await openBoth(ends, opened);
    await subscribe(broker, count, () => {});
    await subscribeBare(client, count, () => {});
    let last = 0;
    const add = async () => {
      const subscriber = await broker.subscriber(`bench.more.${last++}`, () => {}).start();
      await subscriber.stop();
      return subscriber.counts.handled === 0;
    };
    const addBare = async () => {
      const subscription = client.subscribe(`bench.more.${last++}`, { callback: () => {} });
      await client.flush();
      await subscription.drain();
      return subscription.getReceived() === 0;
    };
    return {
      ours: async (operations) => (await inLanes(operations, add)).every(Boolean),
      rival: async (operations) => (await inLanes(operations, addBare)).every(Boolean),
    };
  },
};

async function openBoth(ends: Ends, opened: AsyncDisposableStack) {
  const broker = opened.use(brokerOf(ends.servers));
  const client = opened.use(await ends.connect());
  return { broker, client };
}

/** In a queue group each, as handlers are where they are many. */
async function subscribe(
  broker: NatsBroker,
  count: number,
  take: () => void,
): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, number) => `bench.ours.${number}`);
  for (const name of names) broker.subscriber(name, { queue: "bench" }, take);
  await broker.start();
  return names;
}

async function subscribeBare(
  client: NatsConnection,
  count: number,
  callback: () => void,
): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, number) => `bench.bare.${number}`);
  for (const name of names) client.subscribe(name, { queue: "bench", callback });
  await client.flush();
  return names;
}
