import type {
  Authenticator,
  ConnectionOptions,
  WsConnectionOptions,
} from "@nats-io/transport-deno";
import { type Clock, LONGEST_TIMER } from "../clock.ts";
import type { EventFeed } from "../events.ts";
import { checkOptions, flag, text } from "../options.ts";
import type { Auth, AuthSource } from "./auth.ts";
import type { Backoff } from "./reconnect_delay.ts";
import type { TransportKind } from "./dial.ts";
import type { ErrorReports } from "./error_reports.ts";
import { type ServerList, withoutQuery } from "./servers.ts";
import type { SocketFactory } from "./web_sockets.ts";

/** All settings of a connection, checked and with their defaults. */
export interface ConnectionSettings {
  readonly servers: ServerList;
  readonly name: string | undefined;
  readonly auth: Auth | AuthSource | undefined;
  readonly tls: TlsOptions | undefined;
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

/** What the parts of one connection share. */
export interface ConnectionContext {
  readonly clock: Clock;
  readonly settings: ConnectionSettings;
  readonly feed: EventFeed;
  readonly reports: ErrorReports;
  readonly load: Load | undefined;
}

/** Loads what messages may need, before a dial; returns `undefined` once it is loaded. */
export type Load = () => Promise<void> | undefined;

/** Returns a socket to use instead of dialling, for an in-memory connection. */
export type SocketSource = () => WebSocket;

/** The client requires an address even if nothing is dialled. */
export const IN_MEMORY = "ws://in-memory";

/** The options of one dial. */
export interface DialOptions {
  readonly url: string;
  /** Whether to insist on TLS, even if neither the URL nor an option does. */
  readonly isEncrypted: boolean;
  readonly authenticator: Authenticator | undefined;
  /** Makes the WebSockets. */
  readonly wsFactory: SocketFactory | undefined;
}

/** The transport for these settings. */
export function kindOf(
  { servers }: ConnectionSettings,
  socket: SocketSource | undefined,
): TransportKind {
  return socket ? "webSocket" : servers.kind;
}

/** The client's options for one dial. */
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
    // our own heartbeat pings instead
    pingInterval: LONGEST_TIMER,
    resolve: settings.resolve,
    // our own pool knows the servers; the client would stop reading at an address that it cannot parse
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
    ...(name !== undefined && { name }),
    ...(authenticator && { authenticator }),
    ...(isSecure && { tls: { ...tls } }),
    ...(wsFactory && { wsFactory }),
  };
}

/** How to make a TLS connection; the broker refuses a client certificate, as Deno's transport cannot send one. */
export interface TlsOptions {
  /** A file with the certificate of a private authority; needs `--allow-read`. */
  readonly caFile?: string;
  /**
   * Whether TLS begins before the server's `INFO`, as the server's `handshake_first` demands.
   *
   * @default {false}
   */
  readonly handshakeFirst?: boolean;
}

/**
 * Checks that the options fit the kind of the servers.
 *
 * @throws {TypeError} naming what does not
 */
export function checkTransport(
  action: string,
  { kind, urls }: ServerList,
  { tls, resolve }: { readonly tls?: TlsOptions; readonly resolve?: boolean },
): void {
  if (kind === "tcp") return;
  const option = resolve ? "resolve" : tls?.handshakeFirst ? "handshakeFirst" : undefined;
  if (option) {
    throw new TypeError(`Cannot ${action} as "${option}" must be for TCP servers: WebSockets`);
  }
  const plain = urls.find((url) => !url.startsWith("wss:"));
  if (tls && plain) {
    throw new TypeError(
      `Cannot ${action} as "tls" must be for wss://, not for ws://: ${withoutQuery(plain)}`,
    );
  }
}

const CERTIFICATES = ["cert", "certFile", "key", "keyFile"];

/**
 * Checks the options of TLS.
 *
 * @throws {TypeError} naming the first that is unknown or wrong
 */
export function checkTls(action: string, tls: TlsOptions | undefined): void {
  const option = CERTIFICATES.find((name) => Object.hasOwn(tls ?? {}, name));
  if (option) {
    throw new TypeError(
      `Cannot ${action} as TLS must be without a client certificate, which Deno's transport cannot send ` +
        `(use an NKey or a JWT, see "auth"): "${option}"`,
    );
  }
  checkOptions(action, tls, { caFile: text, handshakeFirst: flag });
}
