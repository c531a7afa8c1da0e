import type {
  Authenticator,
  ConnectionOptions,
  WsConnectionOptions,
} from "@nats-io/transport-deno";
import { LONGEST_TIMER } from "../clock.ts";
import type { Auth, AuthSource } from "./auth.ts";
import type { Backoff } from "./reconnect_delay.ts";
import type { TransportKind } from "./dial.ts";
import type { ServerList } from "./servers.ts";
import type { SocketFactory } from "./web_sockets.ts";

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
export interface DialOptions {
  readonly url: string;
  /** Whether the server must have TLS, though neither the URL nor an option says so. */
  readonly isEncrypted: boolean;
  readonly authenticator: Authenticator | undefined;
  /** Makes the WebSockets. */
  readonly wsFactory: SocketFactory | undefined;
}

/** How bytes travel with these settings. */
export function kindOf(
  { servers }: ConnectionSettings,
  socket: SocketSource | undefined,
): TransportKind {
  return socket ? "webSocket" : servers.kind;
}

/** The settings as the client wants them, for one dial. */
export function clientOptions(
  settings: ConnectionSettings,
  kind: TransportKind,
  { url, isEncrypted, authenticator, wsFactory }: DialOptions,
): ConnectionOptions | WsConnectionOptions {
  const { servers, name, tls } = settings;
  const isSecure = kind === "tcp" && (tls || servers.secure || isEncrypted);
  return {
    servers: [url],
    reconnect: false,
    timeout: settings.connectTimeout,
    // ours asks in its place
    pingInterval: LONGEST_TIMER,
    resolve: settings.resolve,
    // ours knows the servers; the client would stop to read at an address that it cannot
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    ...(name !== undefined && { name }),
    ...(authenticator && { authenticator }),
    ...(isSecure && { tls: { ...tls } }),
    ...(wsFactory && { wsFactory }),
  };
}
