import { asMilliseconds, type Duration } from "../duration.ts";
import { type Auth, authSettings, type AuthSource, checkPlace } from "../connection/auth.ts";
import { parseServers } from "../connection/servers.ts";
import {
  checkTls,
  checkTransport,
  type ConnectionSettings,
  type TlsOptions,
} from "../connection/settings.ts";
import type { ResponseLimit } from "../link/link_options.ts";
import { type Logger, standardError } from "../log/logger.ts";
import { type Codec, type Codecs, codecsOf } from "../message/codecs.ts";
import { ownCorrelationIds } from "../message/work.ts";
import {
  bytes,
  checkOptions,
  count,
  decision,
  duration,
  flag,
  milliseconds,
  record,
  subjects,
  text,
} from "../options.ts";
import type { ServiceOptions } from "../service/endpoint.ts";
import { checkPrefix, Pattern } from "../subject/subject.ts";
import type { ReconnectOptions } from "./reconnect_options.ts";

/** How a broker connects and names its inboxes. */
export interface BrokerOptions {
  /**
   * The prefix of every inbox of this broker; grant its user `PREFIX.>`.
   *
   * @default {"_INBOX"}
   */
  readonly inboxPrefix?: string;
  /** The name that the server shows in its list of connections. */
  readonly name?: string;
  /**
   * The credentials, if the URL has none: `{ user, password }`, `{ token }`, or another way to authenticate. The broker
   * calls a function before every connect and reconnect, and waits for half of `connectTimeout`; if the function fails
   * at a reconnect, the broker emits an `error` event and uses the last credentials again.
   */
  readonly auth?: Auth | AuthSource;
  /** TLS beyond what `tls://` asks for. */
  readonly tls?: TlsOptions;
  /**
   * Makes the broker discoverable as a service (ADR-32); its subscribers are the endpoints, in the queue group "q"
   * unless they name another.
   */
  readonly service?: ServiceOptions;
  /**
   * The time that a server has to answer a connect, and that `start()` waits for a reconnect if the connection
   * breaks meanwhile.
   *
   * @default {5_000}
   */
  readonly connectTimeout?: Duration;
  /**
   * The time that all functions of `onStart` may take together.
   *
   * @default {25_000}
   */
  readonly startTimeout?: Duration;
  /**
   * Whether the first connect retries, as a reconnect does, until a server answers or the broker is stopped. It still
   * fails at once if a retry cannot help: credentials, TLS, a missing Deno permission.
   *
   * @default {false}
   */
  readonly waitOnFirstConnect?: boolean;
  /**
   * The time until a request times out, unless the request sets its own `timeout`.
   *
   * @default {5_000}
   */
  readonly requestTimeout?: Duration;
  /**
   * The time between two pings that check the connection; two unanswered pings end it.
   *
   * @default {20_000}
   */
  readonly pingInterval?: Duration;
  /** How long to wait between two attempts to reconnect; the broker retries without limit. */
  readonly reconnect?: ReconnectOptions;
  /**
   * The server's `allow_responses` for this user, if the user may publish to inboxes only by it: streams and sessions
   * then send at most `max` messages to each reply address, within `expires`. `true` is one message within
   * two minutes, the server's default. With `allow_responses` every caller can have an answer sent to any subject; the
   * broker refuses answers that `answersTo` does not permit.
   *
   * @default {undefined: it may publish to inboxes as often as it likes}
   */
  readonly allowResponses?: true | { readonly max?: number; readonly expires?: Duration };
  /**
   * Where answers of handlers, of services and of sessions may go: the inboxes of all callers, as in `["_SHOP.>"]`. The
   * broker does not handle a message with any other reply address and emits an `error` event ({@linkcode
   * ReplyAddressError}). Answers to the broker's own requests are always permitted. An entry that begins with a
   * wildcard excludes `$…` and the subjects that the broker subscribes to.
   *
   * @default {undefined: anywhere but `$…`, subjects that this broker subscribes to, and its own open inboxes}
   */
  readonly answersTo?: readonly string[];
  /**
   * How many sessions and streams the broker serves at a time. Beyond that number the broker ends, with error 429, the
   * oldest one whose opener has sent nothing since the opening; if every opener has sent something, the new one gets a
   * 429.
   *
   * @default {10_000}
   */
  readonly maxSessions?: number;
  /**
   * How many bytes all streams and sessions together may hold: received and unread messages, pieces of incomplete
   * bodies, sent and unacknowledged messages, openings, and 8 KiB for each stream or session. Beyond that number the
   * broker ends, with error 429, the one that holds the most; it refuses an opening with 429 if no existing one holds
   * more than the new one would.
   *
   * @default {268_435_456}
   */
  readonly maxLinkBytes?: number;
  /**
   * How many bytes the broker holds while disconnected; it refuses messages beyond that.
   *
   * @default {8_388_608}
   */
  readonly outboxLimit?: number;
  /**
   * Whether the broker looks up host names itself, to try each of their addresses. Needs permission for the DNS server
   * and for every address.
   *
   * @default {false}
   */
  readonly resolve?: boolean;
  /**
   * Encodes and decodes bodies of these content types, such as `{ "application/msgpack": { encode, decode } }`, and may
   * replace `text/plain`, `application/json` and `application/octet-stream`. Received bodies are decoded by their
   * content type; a codec for `application/cbor` also decodes `application/vnd.shop.order+cbor`. To encode by a codec,
   * send a header `content-type` with the message, or set `contentType`. Bytes under a type other than
   * `application/octet-stream` count as encoded already. A codec that throws makes an {@linkcode EncodeError} or a
   * {@linkcode DecodeError}.
   */
  readonly codecs?: Readonly<Record<string, Codec>>;
  /**
   * The content type of bodies that are neither text nor bytes, for messages without a header `content-type`: one of
   * `codecs`. Errors are JSON all the same, so that any caller can read them.
   *
   * @default {"application/json"}
   */
  readonly contentType?: string;
  /**
   * Makes the correlation ids of messages that begin a piece of work: one line of 1 to 256 bytes, at once. Anything else
   * rejects what was to be sent; a message that came without an id gets a random one, and an `error` event tells why.
   * Names of inboxes stay random.
   *
   * @default {22 random letters and digits}
   */
  readonly correlationId?: () => string;
  /**
   * Where log lines go: `console`, an object with methods `debug`, `info`, `warn` and `error` that take a message and
   * fields, or `false` for no log. Each event is one line; stacks of errors go to `debug`.
   *
   * @default {all but `debug` lines to standard error}
   */
  readonly logger?: Logger | false;
}

/** The options, checked and with their defaults filled in. */
export interface BrokerSettings {
  readonly connection: ConnectionSettings;
  readonly inboxPrefix: string;
  readonly requestTimeout: number;
  readonly startTimeout: number;
  readonly responseLimit: ResponseLimit | undefined;
  /** Where answers may go, as wildcards. */
  readonly answersTo: readonly string[] | undefined;
  readonly maxSessions: number;
  readonly maxLinkBytes: number;
  readonly service: ServiceOptions | undefined;
  readonly codecs?: Codecs;
  readonly makeCorrelationId?: () => string;
  readonly logger: Logger | undefined;
}

const ACTION = "make a broker";
const LEVELS = ["debug", "info", "warn", "error"] as const;
const RULES = {
  inboxPrefix: text,
  name: text,
  // checked on its own, as no sentence may show it
  auth: () => undefined,
  tls: record,
  service: record,
  connectTimeout: duration,
  startTimeout: duration,
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
  codecs: record,
  contentType: text,
  correlationId: decision,
  logger: (value: unknown) =>
    value === false || LEVELS.every((level) => typeof (value as Logger)?.[level] === "function")
      ? undefined
      : "console, an object with debug(), info(), warn() and error(), or false",
};

/**
 * Checks every option and fills in the defaults.
 *
 * @throws {TypeError} naming the first option that is unknown or wrong
 * @throws {InvalidSubjectError} for a prefix that is invalid for inboxes
 */
export function brokerSettings(
  servers: string | readonly string[],
  options: BrokerOptions,
): BrokerSettings {
  checkPlace(ACTION, Object(options));
  checkOptions(ACTION, options, RULES);
  checkTls(ACTION, options.tls);
  if (options.allowResponses !== true) {
    checkOptions(ACTION, options.allowResponses, { max: count, expires: duration });
  }
  checkOptions(ACTION, options.reconnect, { minDelay: milliseconds, maxDelay: milliseconds });
  const { inboxPrefix = "_INBOX", logger = standardError } = options;
  checkPrefix(ACTION, inboxPrefix);
  const list = parseServers(servers);
  checkTransport(ACTION, list, options);
  const { service, maxSessions = 10_000, maxLinkBytes = 256 * 1_048_576 } = options;
  const codecs = codecsOf(ACTION, options.codecs, options.contentType);
  const makeCorrelationId = ownCorrelationIds(options.correlationId);
  return {
    connection: connectionSettings(list, options),
    inboxPrefix,
    requestTimeout: asMilliseconds(options.requestTimeout ?? 5_000),
    startTimeout: asMilliseconds(options.startTimeout ?? 25_000),
    responseLimit: responseLimitOf(options.allowResponses),
    answersTo: options.answersTo?.map((text) => new Pattern(text, ACTION).subject),
    maxSessions,
    maxLinkBytes,
    service,
    ...codecs && { codecs },
    ...makeCorrelationId && { makeCorrelationId },
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
    auth: authSettings(ACTION, servers.credentials, options.auth),
    tls: options.tls,
    connectTimeout: asMilliseconds(options.connectTimeout ?? 5_000),
    waitOnFirstConnect: options.waitOnFirstConnect ?? false,
    pingInterval: asMilliseconds(options.pingInterval ?? 20_000),
    reconnect: {
      minDelay: asMilliseconds(options.reconnect?.minDelay ?? 2_000),
      maxDelay: asMilliseconds(options.reconnect?.maxDelay ?? 8_000),
    },
    outboxLimit: options.outboxLimit ?? 8 * 1_048_576,
    resolve: options.resolve ?? false,
  };
}

/** Fills in the server's own defaults of `allow_responses`. */
function responseLimitOf(responses: BrokerOptions["allowResponses"]): ResponseLimit | undefined {
  if (responses === undefined) return undefined;
  const { max = 1, expires = 120_000 } = responses === true ? {} : responses;
  return { max, expires: asMilliseconds(expires) };
}
