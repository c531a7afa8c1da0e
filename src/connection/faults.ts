import { errors } from "@nats-io/transport-deno";
import { ConnectionError, type ConnectionErrorReason, PermissionError } from "../errors.ts";
import { shortened } from "../subject/shortened.ts";
import { withoutQuery } from "./servers.ts";

/** What Deno's TLS says, and the client of a server without any; no host's name has the blanks between these words. */
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

/** Why a connection could not be made, in a sentence that names the servers. */
export function connectFault(cause: unknown, servers: readonly string[]): ConnectionError {
  if (cause instanceof ConnectionError) return cause;
  const [reason, rule] = reasonOf(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ConnectionError(
    `Cannot connect to ${servers.map(withoutQuery).join(", ")} as ${rule}: ${message}`,
    reason,
    { cause },
  );
}

/** An error of the client as one of ours; what has no class of its own is passed on. */
export function clientFault(error: Error): Error {
  if (error instanceof errors.PermissionViolationError) {
    const operation = error.operation === "publish" ? "publish" : "subscribe";
    const message = shortened(error.message);
    // the client's own words name the inbox, and are printed with the error
    const cause = message === error.message ? error : new Error(message);
    return new PermissionError(operation, error.subject, { cause });
  }
  if (isRefusal(error)) {
    const sentence = `Cannot stay connected as ${ACCEPTED}: ${error.message}`;
    return new ConnectionError(sentence, "authorization", { cause: error });
  }
  return error;
}

/** Nobody has connected, or it is over. */
export function notConnected(action: string): ConnectionError {
  return new ConnectionError(
    `Cannot ${action} as the broker must be connected: call connect() or start() first`,
    "not connected",
  );
}

/** The connection was closed while something waited for it. */
export function closedUnder(action: string, cause: unknown): ConnectionError {
  const sentence = `Cannot ${action} as the connection must be open: it was closed`;
  return new ConnectionError(sentence, "closed", { cause });
}

const ACCEPTED = "the server must accept the credentials";

function isRefusal(cause: unknown): boolean {
  return cause instanceof errors.AuthorizationError ||
    cause instanceof errors.UserAuthenticationExpiredError;
}

function reasonOf(cause: unknown): [ConnectionErrorReason, string] {
  if (isRefusal(cause)) return ["authorization", ACCEPTED];
  if (cause instanceof errors.TimeoutError) return ["timeout", "a server must answer in time"];
  const text = `${(cause as Error)?.message} ${((cause as Error)?.cause as Error)?.message}`;
  if (TLS_FAULT.test(text)) return ["tls", "the TLS handshake must succeed"];
  return ["refused", "a server must be there"];
}
