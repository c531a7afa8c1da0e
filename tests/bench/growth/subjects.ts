import { adding } from "./additions.ts";
import { delivering } from "./deliveries.ts";
import type { Growth } from "./growth.ts";
import type { Listeners } from "./listeners.ts";

const THINGS = "subjects subscribed to";

/** In a queue group each, as handlers are where they are many. */
const HANDLERS: Listeners = {
  async ours(broker, count, take) {
    const names = namesOf("ours", count);
    for (const name of names) broker.subscriber(name, { queue: "bench" }, take);
    await broker.start();
    return names;
  },
  async rival(client, count, callback) {
    const names = namesOf("bare", count);
    for (const name of names) client.subscribe(name, { queue: "bench", callback });
    await client.flush();
    return names;
  },
};

/** A message to a handler, of so many that each have a subject. */
export const deliveries: Growth = {
  name: "growth: message to one of 1 → 10 000 subjects",
  operation: "A message to a handler",
  things: THINGS,
  prepare: delivering(HANDLERS),
};

let last = 0;

/** One more handler is subscribed, known to the server, and stopped. */
export const subscribings: Growth = {
  name: "growth: subscribe and stop, beside 1 → 10 000 subjects",
  operation: "Subscribing a handler and stopping it",
  things: THINGS,
  prepare: adding(HANDLERS, {
    async ours(broker) {
      const subscriber = await broker.subscriber(`bench.more.${last++}`, () => {}).start();
      await subscriber.stop();
      return subscriber.counts.handled === 0;
    },
    async rival(client) {
      const subscription = client.subscribe(`bench.more.${last++}`, { callback: () => {} });
      await client.flush();
      await subscription.drain();
      return subscription.getReceived() === 0;
    },
  }),
};

function namesOf(side: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, number) => `bench.${side}.${number}`);
}
