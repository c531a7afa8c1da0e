import { type BrokerOptions, NatsBroker } from "@signalbox/nats";
import { assertEquals } from "@std/assert";
import { consumer, type Declare, jetstream, stream } from "../../src/jetstream/mod.ts";
import {
  onEmbeddedServer,
  onNatsServer,
  type ServerNeeds,
  type User,
} from "../support/backends.ts";
import type { Backend } from "../support/backends.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";
import { errorsIn, recorded } from "../support/recorded.ts";

const admin: User = { user: "admin", password: "admin" };
const options: BrokerOptions = { inboxPrefix: "_SHOP", logger: false };
const SERVERS = { "nats-server": onNatsServer, "embedded": onEmbeddedServer } as const;
type On = (behaviour: (server: Backend) => Promise<void>, needs: ServerNeeds) => Promise<void>;
const KINDS = {
  "partitions": { since: "2.15", options: { key: "id", partitions: 3 } },
  "a pinned group": { since: "2.11", options: { group: { pinned: { timeout: "2s" } } } },
} as const;

function workOf(declare: Declare, kind: keyof typeof KINDS) {
  const orders = stream("ORDERS", { subjects: ["orders.{id}"], declare });
  const retry = { attempts: 2, backoff: 1 };
  return consumer(orders, "work", { retry, ...KINDS[kind].options });
}

/** A user with just the permissions of a worker. */
function worker(declare: Declare, kind: keyof typeof KINDS): User {
  const asked = new NatsBroker(undefined, options);
  asked.subscriber(workOf(declare, kind), () => {});
  const { publish, subscribe } = asked.permissions();
  return {
    user: "worker",
    password: "worker",
    permissions: { publish: publish as string[], subscribe },
  };
}

for (const kind of ["partitions", "a pinned group"] as const) {
  for (const declare of ["create", "update", "verify", "leave"] as const) {
    for (const [name, onServer] of Object.entries(SERVERS) as [string, On][]) {
      Deno.test(`consumer() with ${kind} needs no more than permissions() lists, with declare: "${declare}" [${name}]`, async () => {
        const user = worker(declare, kind);
        await onServer(async (server) => {
          const boss = server.broker({ as: admin });
          if (declare === "verify" || declare === "leave") {
            boss.subscriber(workOf("create", kind), () => {});
            await boss.start();
            await boss.stop();
          }
          const shop = await Workshop.at({
            broker: (more) => server.broker({ as: admin, ...more }),
          });
          const seen: string[] = [];
          let isBad = true;
          const brokers = [1, 2].map(() => server.broker({ as: user, ...options }));
          const told = brokers.map((broker) => recorded(broker));
          for (const broker of brokers) {
            broker.subscriber(workOf(declare, kind), ({ params: { id } }) => {
              if (id === "bad" && isBad) throw new Error("bad");
              seen.push(id);
            });
            await broker.start();
          }
          await shop.storeAll(["orders.1", "orders.2", "orders.bad"]);
          await shop.letters("ORDERS_DEAD", 1);
          isBad = false;
          // the workers deliver replayed messages
          for await (const dead of jetstream(shop.broker).deadLetters("ORDERS")) {
            await dead.replay();
          }
          await until("all must be handled", () => seen.length === 3);
          await brokers[0]!.stop();
          await shop.storeAll(["orders.3", "orders.4", "orders.5"]);
          await until("the other must have the rest", () => seen.length === 6);
          await brokers[1]!.stop();
          assertEquals(seen.toSorted(), ["1", "2", "3", "4", "5", "bad"]);
          const errors = told.flatMap(errorsIn).filter(({ message }) => !/\bbad$/.test(message));
          assertEquals(errors, []);
        }, { jetstream: true, since: KINDS[kind].since, users: [admin, user] });
      });
    }
  }
}
