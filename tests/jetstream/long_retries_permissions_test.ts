import { consumer, stream } from "@signalbox/nats/jetstream";
import { assertEquals } from "@std/assert";
import { type Backend, onEmbeddedServer, onNatsServer } from "../support/backends.ts";
import { failingOnce, ORDERS, orders, SOON } from "../support/jetstream/long_retries.ts";
import { admin, inboxPrefix, permittedUser } from "../support/jetstream/permitted.ts";
import { Workshop } from "../support/jetstream/workshop.ts";
import { until } from "../support/nats_server/until.ts";

for (const declare of ["verify", "create", "update", "leave"] as const) {
  for (
    const [kind, on] of [["nats-server", onNatsServer], ["embedded", onEmbeddedServer]] as const
  ) {
    Deno.test(`consumer() with long retries needs no more than permissions() lists, with declare: "${declare}" [${kind}]`, async () => {
      const of = stream("ORDERS", { ...ORDERS, declare });
      const work = consumer(of, "work", { retry: SOON });
      const user = permittedUser((broker) => broker.subscriber(work, () => {}));
      await on(async (server: Backend) => {
        const shop = await Workshop.at(server, { auth: admin });
        if (declare === "verify" || declare === "leave") {
          const maker = await failingOnce({ broker: () => server.broker({ as: admin }) }, orders);
          await maker.broker.stop();
        }
        const as = { broker: () => server.broker({ as: user, inboxPrefix }) };
        const { attempts, errors } = await failingOnce(as, of);
        await shop.store("orders.7", 1);
        await until("it has come twice", () => attempts.length === 2);
        await shop.settled("ORDERS", "work");
        assertEquals(errors.length, declare === "leave" ? 1 : 0, errors.join("\n"));
        await shop.broker.stop();
      }, { jetstream: true, since: "2.12", users: [admin, user] });
    });
  }
}
