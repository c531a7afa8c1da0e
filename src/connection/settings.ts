import type { ConnectionOptions, WsConnectionOptions } from "@nats-io/transport-deno";
import type { Backoff } from "./backoff.ts";
import type { TransportKind } from "./dial.ts";
import type { ServerList } from "./servers.ts";

/** Everything a connection has to know, checked and with its defaults filled in. */
export interface ConnectionSettings {
  readonly servers: ServerList;
  readonly name: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly tls: { readonly caFile?: string; readonly handshakeFirst?: boolean } | undefined;
  /** Milliseconds. */
  readonly connectTimeout: number;
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
const IN_MEMORY = "ws://in-memory";

/** How bytes travel with these settings. */
export function kindOf(
  { servers }: ConnectionSettings,
  socket: SocketSource | undefined,
): TransportKind {
  return socket ? "webSocket" : servers.kind;
}

/** The settings as the client wants them; `delay` is asked before every dial. */
export function clientOptions(
  settings: ConnectionSettings,
  delay: () => number,
  socket: SocketSource | undefined,
): ConnectionOptions | WsConnectionOptions {
  const { servers, name, user, password, token, tls } = settings;
  return {
    servers: socket ? [IN_MEMORY] : [...servers.urls],
    timeout: settings.connectTimeout,
    pingInterval: settings.pingInterval,
    resolve: settings.resolve,
    // for ever, even where the server refuses the credentials for a while
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: delay,
    noAsyncTraces: true,
    ...(name !== undefined && { name }),
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
    ...(token !== undefined && { token }),
    ...((tls || servers.secure) && kindOf(settings, socket) === "tcp" && { tls: { ...tls } }),
    ...(socket && {
      wsFactory: () => Promise.resolve({ socket: socket(), encrypted: false }),
    }),
  };
}
