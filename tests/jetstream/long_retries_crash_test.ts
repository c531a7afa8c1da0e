import {
  consumer,
  type ConsumerOptions,
  jetstream,
  Retry,
  type Stream,
  workQueue,
} from "@signalbox/nats/jetstream";
import { assertEquals } from "@std/assert";
import { type Backend, onEveryJetStream, type User } from "../support/backends.ts";
import { ORDERS, orders } from "../support/jetstream/long_retries.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

const ALL = { user: "all", password: "p" };
/** The server refuses its acknowledgements, as if it were killed before them. */
const MUTE: User = {
  user: "mute",
  password: "p",
  permissions: { publish: { deny: ["$JS.ACK.ORDERS.>"] } },
};
const NEEDS = { since: "2.12", users: [MUTE, ALL] };

/** Lets one process store the next attempt of a message, and end before it acknowledges the message. */
async function crash(server: Backend, of: Stream<"orders.{id}">, options: ConsumerOptions) {
  const mute = server.broker({ as: MUTE });
  mute.subscriber(consumer(of, "work", options), () => {
    throw new Retry();
  });
  await mute.start();
  const shop = await Workshop.at(server, { auth: ALL });
  await jetstream(shop.broker).publish("orders.7", { total: 1 });
  await until("its next attempt is stored", async () => {
    const { subjects = {} } = (await shop.stream("ORDERS")).state;
    return Object.keys(subjects).some((each) => each.startsWith("_SIGNALBOX.ORDERS.retry.work."));
  });
  await mute.stop({ timeout: 0 }).catch(() => {});
  return shop;
}

/** Lets another process handle the message; returns the attempts that it has begun. */
async function goOn(server: Backend, of: Stream<"orders.{id}">, options: ConsumerOptions) {
  const broker = server.broker({ as: ALL });
  const attempts: number[] = [];
  broker.subscriber(consumer(of, "work", options), ({ delivery }) => {
    attempts.push(delivery.attempt);
  });
  await broker.start();
  return { broker, attempts };
}

const KINDS = {
  "limits stream": orders,
  "work queue": workQueue("ORDERS", ORDERS),
};

for (const [kind, of] of Object.entries(KINDS)) {
  for (
    const [when, ackWait, backoff] of [
      ["before it is due", "200ms", "1500ms"],
      ["after it was due", "1500ms", "200ms"],
      ["just when it is due", "500ms", "500ms"],
    ] as const
  ) {
    onEveryJetStream(
      `consumer() of a ${kind} delivers a long retry once if its process dies after storing that, and the message comes again ${when}`,
      async (server) => {
        const retry = { attempts: 3, backoff, jitter: 0, scheduleFrom: "100ms" } as const;
        const shop = await crash(server, of, { ackWait, retry });
        const { attempts } = await goOn(server, of, { ackWait, retry });
        await until("it is handled", () => attempts.length > 0);
        for (const name of ["work", "work~own"]) await shop.settled("ORDERS", name);
        assertEquals(attempts, [2]);
        const { total } = await jetstream(shop.broker).lag({ stream: of, name: "work" });
        assertEquals(total, 0);
        if (of.isWorkQueue) assertEquals((await shop.stream("ORDERS")).state.messages, 0);
        await shop.broker.stop();
      },
      NEEDS,
    );
  }
}
