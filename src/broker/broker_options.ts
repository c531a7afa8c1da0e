import type { Auth, AuthSource } from "../connection/auth.ts";
import type { ConnectionSettings } from "../connection/settings.ts";
import { parseServers, type ServerList, withoutQuery } from "../connection/servers.ts";
import {
  bytes,
  checkOptions,
  count,
  duration,
  flag,
  milliseconds,
  record,
  secret,
  subjects,
  text,
} from "../options.ts";
import type { Allowance } from "../link/rights.ts";
import type { ServiceOptions } from "../service/service_options.ts";
import { type Logger, standardError } from "../log/logger.ts";
import { Pattern } from "../subject/pattern.ts";
import { checkPrefix } from "../subject/subject.ts";
import { authSettings } from "./auth_options.ts";

/** How a broker connects and what it calls its inboxes. */
export interface BrokerOptions {
  /** What every inbox of this broker begins with; grant a user `PREFIX.>`. @default {"_INBOX"} */
  readonly inboxPrefix?: string;
  /** A name the server shows in its list of connections. */
  readonly name?: string;
  /** The user, where the URL does not give one. */
  readonly user?: string;
  /** The user's password. */
  readonly password?: string;
  /** A token, instead of user and password. */
  readonly token?: string;
  /**
   * Who the broker is: an NKey, a JWT, a `.creds` file, or any of the above. A function is asked before every connect
   * and reconnect, and has half of `connectTimeout` to answer; where it fails at a reconnect, an `error` event tells,
   * and its last answer is used again.
   */
  readonly auth?: Auth | AuthSource;
  /** TLS beyond what `tls://` asks for. */
  readonly tls?: TlsOptions;
  /**
   * What the broker says it is to those who look for services (ADR-32); its subscribers are its endpoints, in the
   * queue group "q" where they name none.
   */
  readonly service?: ServiceOptions;
  /**
   * Milliseconds that a server has to answer a connect, and that `start()` waits for a connection that broke meanwhile.
   *
   * @default {5_000}
   */
  readonly connectTimeout?: number;
  /**
   * Whether the first connect goes on as a reconnect does, until a server is there or the broker is stopped. It still
   * fails at once where that cannot help: credentials, TLS, a permission of Deno's.
   *
   * @default {false}
   */
  readonly waitOnFirstConnect?: boolean;
  /** Milliseconds that an answer may take where a request names no timeout of its own. @default {5_000} */
  readonly requestTimeout?: number;
  /** Milliseconds between two pings that prove the connection alive; two without an answer end it. @default {20_000} */
  readonly pingInterval?: number;
  /** How long to wait between two attempts to connect again; it goes on for ever. */
  readonly reconnect?: ReconnectOptions;
  /**
   * What the server's `allow_responses` says of this user, if it may not publish to inboxes otherwise: streams and
   * sessions then send so many messages to each address of reply, within so many milliseconds. `true` is one message
   * within two minutes, as it is on the server. It lends every caller the right to have an answer sent to any subject; what
   * `answersTo` does not permit, the broker refuses.
   *
   * @default {undefined: it may publish to inboxes as often as it likes}
   */
  readonly allowResponses?: true | { readonly max?: number; readonly expires?: number };
  /**
   * Where answers of handlers, of services and of sessions may go: the inboxes of all callers, as in `["_SHOP.>"]`. A
   * message whose address of reply is another one is not handled, and is told as an `error` event
   * ({@linkcode ReplyAddressError}). Answers to what this broker asks itself always go back to it. An entry with a wildcard
   * first takes in neither `$…` nor what the broker subscribes to.
   *
   * @default {undefined: anywhere but `$…`, subjects that this broker subscribes to, and its own open inboxes}
   */
  readonly answersTo?: readonly string[];
  /**
   * How many sessions and streams may be served at a time. Beyond it the oldest whose opener has not said a word ends with
   * an error of 429, and where all have, the next is answered with 429.
   *
   * @default {10_000}
   */
  readonly maxSessions?: number;
  /**
   * How much all streams and sessions together may hold for their other sides, in bytes: what came and is not read, pieces
   * of bodies that are not whole, what is sent and not acknowledged, openings, and 8 KiB for each. Beyond it whichever
   * holds the most ends with an error of 429, and an opening is refused with 429 where none holds more than it would.
   *
   * @default {268_435_456}
   */
  readonly maxLinkBytes?: number;
  /** How much is held while disconnected, in bytes; what is published beyond it is refused. @default {8_388_608} */
  readonly outboxLimit?: number;
  /**
   * Whether names are looked up before they are dialled, to try each of their addresses. It needs permission for
   * the DNS server and for every address.
   *
   * @default {false}
   */
  readonly resolve?: boolean;
  /**
   * Where log lines go: `console`, an object with `debug`, `info`, `warn` and `error` that take a message and fields, or
   * `false` for nowhere. Each event is one line; stacks of errors go to `debug`.
   *
   * @default {all but `debug` lines to standard error}
   */
  readonly logger?: Logger | false;
}

/** How a TLS connection is made; a client certificate is refused, as Deno's transport has no way to send it. */
export interface TlsOptions {
  /** A file with the certificate of a private authority; reading it needs `--allow-read`. */
  readonly caFile?: string;
  /** Whether TLS begins before the server's first word, as its `handshake_first` wants it. @default {false} */
  readonly handshakeFirst?: boolean;
}

/**
 * The delays before attempts to connect again: each is random, from nothing up to a longest one that doubles. There are no
 * more than ten attempts within five times `minDelay`, and the first counts as first again once a connection has lasted
 * for `maxDelay`.
 */
export interface ReconnectOptions {
  /** The longest first delay in milliseconds; it doubles with every attempt. @default {2_000} */
  readonly minDelay?: number;
  /** Where the doubling ends, in milliseconds. @default {8_000} */
  readonly maxDelay?: number;
}

/** The options, checked and with their defaults filled in. */
export interface BrokerSettings {
  readonly connection: ConnectionSettings;
  readonly inboxPrefix: string;
  readonly requestTimeout: number;
  readonly allowance: Allowance | undefined;
  /** Where answers may go, as wildcards. */
  readonly answersTo: readonly string[] | undefined;
  readonly maxSessions: number;
  readonly maxLinkBytes: number;
  readonly service: ServiceOptions | undefined;
  readonly logger: Logger | undefined;
}

const ACTION = "make a broker";
const LEVELS = ["debug", "info", "warn", "error"] as const;
const RULES = {
  inboxPrefix: text,
  name: text,
  user: text,
  password: secret,
  token: secret,
  // checked on its own, as no sentence may show it
  auth: () => undefined,
  tls: record,
  service: record,
  connectTimeout: duration,
  waitOnFirstConnect: flag,
  requestTimeout: milliseconds,
  pingInterval: duration,
  reconnect: record,
  allowResponses: (value: unknown) =>
    value === true || typeof value === "object" ? undefined : "true, or an object",
  answersTo: subjects,
  maxSessions: count,
  maxLinkBytes: bytes,
  outboxLimit: bytes,
  resolve: flag,
  logger: (value: unknown) =>
    value === false || LEVELS.every((level) => typeof (value as Logger)?.[level] === "function")
      ? undefined
      : "console, an object with debug(), info(), warn() and error(), or false",
};

/**
 * Checks every option and fills in the defaults.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 * @throws {InvalidSubjectError} for a prefix that no inbox could have
 */
export function brokerSettings(
  servers: string | readonly string[],
  options: BrokerOptions,
): BrokerSettings {
  checkOptions(ACTION, options, RULES);
  checkTls(options.tls);
  if (options.allowResponses !== true) {
    checkOptions(ACTION, options.allowResponses, { max: count, expires: duration });
  }
  checkOptions(ACTION, options.reconnect, { minDelay: milliseconds, maxDelay: milliseconds });
  const { inboxPrefix = "_INBOX", requestTimeout = 5_000, logger = standardError } = options;
  checkPrefix(ACTION, inboxPrefix);
  const list = parseServers(servers);
  checkTransport(list, options);
  const { service, maxSessions = 10_000, maxLinkBytes = 256 * 1_048_576 } = options;
  return {
    connection: connectionSettings(list, options),
    inboxPrefix,
    requestTimeout,
    allowance: allowanceOf(options.allowResponses),
    answersTo: options.answersTo?.map((text) => new Pattern(text).subject),
    maxSessions,
    maxLinkBytes,
    service,
    logger: logger || undefined,
  };
}

function connectionSettings(
  servers: ReturnType<typeof parseServers>,
  options: BrokerOptions,
): ConnectionSettings {
  return {
    servers,
    name: options.name,
    auth: authSettings(ACTION, servers.credentials, options),
    tls: options.tls,
    connectTimeout: options.connectTimeout ?? 5_000,
    waitOnFirstConnect: options.waitOnFirstConnect ?? false,
    pingInterval: options.pingInterval ?? 20_000,
    reconnect: {
      minDelay: options.reconnect?.minDelay ?? 2_000,
      maxDelay: options.reconnect?.maxDelay ?? 8_000,
    },
    outboxLimit: options.outboxLimit ?? 8 * 1_048_576,
    resolve: options.resolve ?? false,
  };
}

/** The server's own defaults, where `allow_responses` does not say more. */
function allowanceOf(responses: BrokerOptions["allowResponses"]): Allowance | undefined {
  if (responses === undefined) return undefined;
  const { max = 1, expires = 120_000 } = responses === true ? {} : responses;
  return { max, expires };
}

function checkTransport({ kind, urls }: ServerList, { tls, resolve }: BrokerOptions): void {
  if (kind === "tcp") return;
  const option = resolve ? "resolve" : tls?.handshakeFirst ? "handshakeFirst" : undefined;
  if (option) {
    throw new TypeError(`Cannot ${ACTION} as "${option}" must be for TCP servers: WebSockets`);
  }
  const plain = urls.find((url) => !url.startsWith("wss:"));
  if (tls && plain) {
    throw new TypeError(
      `Cannot ${ACTION} as "tls" must be for wss://, not for ws://: ${withoutQuery(plain)}`,
    );
  }
}

const CERTIFICATES = ["cert", "certFile", "key", "keyFile"];

function checkTls(tls: TlsOptions | undefined): void {
  const option = CERTIFICATES.find((name) => Object.hasOwn(tls ?? {}, name));
  if (option) {
    throw new TypeError(
      `Cannot ${ACTION} as TLS must be without a client certificate, which Deno's transport cannot send ` +
        `(use an NKey or a JWT, see "auth"): "${option}"`,
    );
  }
  checkOptions(ACTION, tls, { caFile: text, handshakeFirst: flag });
}
