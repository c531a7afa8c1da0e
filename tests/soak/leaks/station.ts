import { EmbeddedServer } from "@signalbox/nats/testing";
import { NatsServer } from "../../support/nats_server/nats_server.ts";

/** What a server itself counts. */
export interface ServerCounts {
  readonly connections: number;
  readonly subscriptions: number;
}

/** A server that lets in one user, and can be asked what it counts. */
export interface Station extends AsyncDisposable {
  readonly port: number;
  counts(): Promise<ServerCounts>;
}

/** Which server it is. */
export type StationKind = "nats-server" | "embedded";

/** Who may come in. */
export const USER = { user: "signalman", password: "secret" } as const;

/** Starts one. */
export function openStation(kind: StationKind): Promise<Station> {
  return kind === "embedded" ? embedded() : natsServer();
}

async function natsServer(): Promise<Station> {
  const { user, password } = USER;
  const config = `authorization: { user: "${user}", password: "${password}" }`;
  const server = await NatsServer.start({ config });
  return {
    port: server.port,
    async counts() {
      const { subscriptions } = await server.monitor("/varz");
      // those that have not said who they are yet are in no list of the other
      const { num_connections: connections } = await server.monitor("/connz");
      return { connections, subscriptions };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function embedded(): Promise<Station> {
  const server = await EmbeddedServer.start({ users: [USER] });
  return {
    port: server.port,
    counts: () => Promise.resolve(server.stats()),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
