import type {
  Authenticator,
  ConnectionOptions,
  Server,
  WsConnectionOptions,
} from "@nats-io/transport-deno";
import type { Auth, AuthSource } from "./auth.ts";
import type { Backoff } from "./backoff.ts";
import type { TransportKind } from "./dial.ts";
import type { ServerList } from "./servers.ts";
import type { SocketFactory } from "./trust.ts";

/** Everything a connection has to know, checked and with its defaults filled in. */
export interface ConnectionSettings {
  readonly servers: ServerList;
  readonly name: string | undefined;
  readonly auth: Auth | AuthSource | undefined;
  readonly tls: { readonly caFile?: string; readonly handshakeFirst?: boolean } | undefined;
  /** Milliseconds. */
  readonly connectTimeout: number;
  readonly waitOnFirstConnect: boolean;
  /** Milliseconds. */
  readonly pingInterval: number;
  readonly reconnect: Backoff;
  /** Bytes. */
  readonly outboxLimit: number;
  readonly resolve: boolean;
}

/** Gives a socket instead of dialling one; an in-memory connection is made this way. */
export type SocketSource = () => WebSocket;

/** The client wants an address even where nothing is dialled. */
export const IN_MEMORY = "ws://in-memory";

/** What a dial needs beyond the settings. */
export interface DialWays {
  readonly url: string;
  /** Called before every dial, in the same turn. */
  readonly prepare: () => void;
  /** Asked before every dial, for the milliseconds to wait. */
  readonly delay: () => number;
  readonly authenticator: Authenticator | undefined;
  /** Makes the WebSockets, where the client is not to do so itself. */
  readonly wsFactory: SocketFactory | undefined;
}

/** How bytes travel with these settings. */
export function kindOf(
  { servers }: ConnectionSettings,
  socket: SocketSource | undefined,
): TransportKind {
  return socket ? "webSocket" : servers.kind;
}

/** The server that was dialled longest ago: the one that has just been lost comes last. */
function longestAgo(pool: readonly Server[]): Server | undefined {
  const [first, ...others] = pool;
  return others.reduce(
    (found, server) => found && server.lastConnect < found.lastConnect ? server : found,
    first,
  );
}

/** The settings as the client wants them. */
export function clientOptions(
  settings: ConnectionSettings,
  kind: TransportKind,
  { url, prepare, delay, authenticator, wsFactory }: DialWays,
): ConnectionOptions | WsConnectionOptions {
  const { servers, name, tls } = settings;
  return {
    servers: [url],
    timeout: settings.connectTimeout,
    pingInterval: settings.pingInterval,
    resolve: settings.resolve,
    // for ever, even where the server refuses the credentials for a while
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    // it counts from the last dial, after which a connection that has lasted is dialled again at once
    reconnectDelayHandler() {
      prepare();
      return 0;
    },
    reconnectToServer(pool) {
      const server = longestAgo(pool);
      return server ? { server, delay: delay() } : null;
    },
    noAsyncTraces: true,
    ...(name !== undefined && { name }),
    ...(authenticator && { authenticator }),
    ...((tls || servers.secure) && kind === "tcp" && { tls: { ...tls } }),
    ...(wsFactory && { wsFactory }),
  };
}
