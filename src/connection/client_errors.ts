import { errors } from "@nats-io/transport-deno";
import { ConnectionError, type ConnectionErrorReason, PermissionError } from "../errors.ts";
import { legible, shortened } from "../legible.ts";
import { withoutQuery } from "./servers.ts";

/** TLS errors of Deno and of the client; a host name cannot match, as it has no blanks. */
const TLS_FAULT = new RegExp(
  [
    "invalid peer certificate",
    "received (?:fatal alert|corrupt message|unexpected (?:handshake )?message)",
    "peer (?:is incompatible|misbehaved|sent no certificates)",
    "tls handshake eof",
    "tls required",
    "unable to add pem file",
    "does not support 'tls'",
  ].join("|"),
  "i",
);

/** The error of a failed dial; names the servers. */
export function connectError(cause: unknown, servers: readonly string[]): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  return connectionErrorFor(cause, `connect to ${servers.map(withoutQuery).join(", ")}`);
}

function connectionErrorFor(cause: unknown, action: string): ConnectionError {
  const { reason, rule, hint } = diagnose(cause);
  const original = cause instanceof Error ? cause.message : String(cause);
  const message = legible(original);
  const advice = hint ? `. ${hint}` : "";
  return new ConnectionError(`Cannot ${action} as ${rule}: ${message}${advice}`, reason, {
    cause: message === original ? cause : new Error(message),
  });
}

/** Whether the program lacks Deno's permission to dial this server. */
export function lacksPermission(cause: unknown): boolean {
  return [cause, (cause as Error | undefined)?.cause]
    .some((error) => error instanceof Deno.errors.NotCapable);
}

/** Turns an error of the client into one of ours; passes on errors without a class of ours. */
export function fromClientError(error: Error): Error {
  if (error instanceof errors.PermissionViolationError) {
    const operation = error.operation === "publish" ? "publish" : "subscribe";
    const message = legible(shortened(error.message));
    // the client's sentence is printed with the error: it names the inbox, and may hold control characters
    const cause = message === error.message ? error : new Error(message);
    return new PermissionError(operation, subjectOf(error), { cause });
  }
  if (isRefusal(error) || diagnosisFor(error.message)) {
    return connectionErrorFor(error, "stay connected");
  }
  const message = legible(error.message);
  return message === error.message ? error : new Error(message);
}

/** The refused subject, which the server quotes as Go does; for a refused reply address the server names only that. */
function subjectOf({ subject, message }: { subject: string; message: string }): string {
  const [, replyTo = ""] = /Publish with Reply of "(\S+)"/.exec(message) ?? [];
  return (subject || replyTo).replace(/\\(["\\])/g, "$1");
}

/** The error of an action that needs a connection. */
export function notConnected(action: string): ConnectionError {
  return new ConnectionError(
    `Cannot ${action} as the broker must be connected: call connect() or start() first`,
    "not-connected",
  );
}

/** The error for a client version that the fast line does not support. */
export function unknownClient(fault: string): ConnectionError {
  const sentence =
    `Cannot use the fast path to the server as the client must be known: ${fault}. ` +
    "Everything works by the client's public API, only slower";
  return new ConnectionError(sentence, "unknown-client");
}

/** The error of an attempt to reroute a connection that is open. */
export function alreadyConnected(): ConnectionError {
  const sentence = "Cannot redirect the broker as it must not be connected: call stop() first";
  return new ConnectionError(sentence, "connected");
}

/** The error of an action that waited for the connection until it was closed. */
export function connectionClosed(action: string, cause: unknown): ConnectionError {
  const sentence = `Cannot ${action} as the connection must be open: it was closed`;
  return new ConnectionError(sentence, "closed", { cause });
}

function isRefusal(cause: unknown): boolean {
  return cause instanceof errors.AuthorizationError ||
    cause instanceof errors.UserAuthenticationExpiredError;
}

function diagnose(cause: unknown): Diagnosis {
  const { message, cause: below } = (cause ?? {}) as Error;
  const text = `${message} ${(below as Error | undefined)?.message}`;
  const known = diagnosisFor(text);
  if (known) return known;
  if (isRefusal(cause)) return REFUSED_CREDENTIALS;
  if (cause instanceof errors.TimeoutError) return SILENCE;
  if (TLS_FAULT.test(text)) return { reason: "tls", rule: "the TLS handshake must succeed" };
  if (cause instanceof errors.ProtocolError) return REJECTED;
  return { reason: "refused", rule: "a server must be reachable" };
}

/** What an error message of a server means, and what helps. */
interface Diagnosis {
  readonly reason: ConnectionErrorReason;
  /** The condition that the error sentence names. */
  readonly rule: string;
  readonly hint?: string;
}

const ACCEPTED = "the server must accept the credentials";

/** For wrong credentials without further details. */
const REFUSED_CREDENTIALS: Diagnosis = { reason: "authorization", rule: ACCEPTED };

/** For a server that accepts the socket and stays silent. */
const SILENCE: Diagnosis = {
  reason: "timeout",
  rule: "a server must answer in time",
  hint: "If it has `handshake_first`, set `tls: { handshakeFirst: true }`",
};

/** For an unknown error message. */
const REJECTED: Diagnosis = { reason: "rejected", rule: "the server must accept the connection" };

/** The message for a server that hangs up without an error message. */
export const HUNG_UP = "the socket closed before the server had let us in";

/** The errors of a reset socket, which may lose the server's error message. */
export const RESET = /connection reset|os error (?:104|54|10054)\b/i;

/** By the error message of the server, the TLS library or the transport; the first match counts. */
const DIAGNOSES: readonly (readonly [message: RegExp, diagnosis: Diagnosis])[] = [
  [/maximum account (?:active )?connections exceeded/i, {
    reason: "limit",
    rule: "the account must have room for one more connection",
    hint: "Close unused connections, or raise the account's limit of connections",
  }],
  [/maximum connections exceeded/i, {
    reason: "limit",
    rule: "the server must have room for one more connection",
    hint: "Close unused connections, or raise `max_connections` of the server",
  }],
  [/authentication expired/i, {
    reason: "authorization",
    rule: ACCEPTED,
    hint: "Renew them; the broker calls a function as `auth` before each connect",
  }],
  [/authentication revoked/i, {
    reason: "authorization",
    rule: ACCEPTED,
    hint: "The server's operator has revoked them: get new ones",
  }],
  [/certificate ?required|bad ?certificate|client didn't provide a certificate/i, {
    reason: "certificate",
    rule: "the server must not demand a client certificate",
    hint: "Deno's transport cannot send one: use an NKey or a JWT, and a server without `verify`",
  }],
  [/secure connection - tls required/i, {
    reason: "tls",
    rule: "the connection must be encrypted",
    hint: "Use tls:// or wss:// in the URL, or the option `tls`",
  }],
  [/maximum payload (?:violation|exceeded)/i, {
    reason: "rejected",
    rule: "a message must be no larger than the server and the account permit",
    hint:
      "The limit was lowered after this connection was made; the next connection learns the new one",
  }],
  [/stale connection/i, {
    reason: "stale",
    rule: "the server must get our answers to its pings in time",
    hint: "The program or the network stood still for longer than the server's pings allow",
  }],
  [RESET, {
    reason: "hung-up",
    rule: "the server must accept the connection",
    hint: "A reset loses the server's error text: its log may say why",
  }],
  [/socket closed (?:before|while expecting) (?:an )?info|before the server had let us in/i, {
    reason: "hung-up",
    rule: "the server must accept the connection",
    hint: "If it has `handshake_first`, set `tls: { handshakeFirst: true }`; " +
      "behind a proxy, check that the proxy can reach the server",
  }],
];

/** The diagnosis for an error message, if it is known. */
function diagnosisFor(message: string): Diagnosis | undefined {
  return DIAGNOSES.find(([known]) => known.test(message))?.[1];
}
