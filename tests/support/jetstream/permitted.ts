import { NatsBroker } from "@signalbox/nats";
import { jetstream, type Stream } from "@signalbox/nats/jetstream";
import { EmbeddedServer } from "@signalbox/nats/testing";
import type { User } from "../backends.ts";
import { NatsServer } from "../nats_server/nats_server.ts";

/** The inbox prefix of brokers whose permissions are tested. */
export const inboxPrefix = "_SHOP";
/** A user who may do everything. */
export const admin: User = { user: "admin", password: "secret" };

/** A user with just the permissions of a broker that `prepare` has prepared. */
export function permittedUser(prepare: (broker: NatsBroker) => void): User {
  const broker = new NatsBroker(undefined, { inboxPrefix, logger: false });
  prepare(broker);
  const permissions = broker.permissions() as NonNullable<User["permissions"]>;
  return { user: "worker", password: "secret", permissions };
}

/**
 * Starts a server whose user "shop" has just these permissions.
 *
 * @param config the same permissions in the words of nats-server
 */
export async function startPermitted(
  kind: "nats-server" | "embedded",
  permissions: NonNullable<User["permissions"]>,
  config = `${permissions}`,
): Promise<EmbeddedServer | NatsServer> {
  if (kind === "embedded") {
    const shop = { user: "shop", password: "secret", permissions };
    return await EmbeddedServer.start({
      jetstream: true,
      users: [admin, shop],
      authTimeout: 20_000,
    });
  }
  return await NatsServer.start({
    config: `jetstream: { store_dir: "streams" }\nauthorization: { timeout: 20, users: [
      { user: admin, password: secret }, { user: shop, password: secret, ${config} } ] }`,
  });
}

/** A broker of the user "shop". */
export function shopBroker(url: string): NatsBroker {
  const auth = { user: "shop", password: "secret" };
  return new NatsBroker(url, { inboxPrefix, auth, logger: false });
}

/** Declares streams as administrator. */
export async function declareStreams(url: string, ...streams: Stream[]): Promise<void> {
  const broker = new NatsBroker(url, { auth: admin, logger: false });
  jetstream(broker, { streams });
  await broker.start();
  await broker.stop();
}
