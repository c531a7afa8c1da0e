import { errors } from "@nats-io/transport-deno";
import { ConnectionError, PermissionError } from "../errors.ts";
import { legible } from "../log/legible.ts";
import { shortened } from "../subject/shortened.ts";
import { withoutQuery } from "./servers.ts";
import { REFUSED_CREDENTIALS, REJECTED, SILENCE, type Verdict, verdictOf } from "./verdicts.ts";

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
  return faultOf(cause, `connect to ${servers.map(withoutQuery).join(", ")}`);
}

function faultOf(cause: unknown, action: string): ConnectionError {
  const { reason, rule, hint } = verdictOn(cause);
  const words = cause instanceof Error ? cause.message : String(cause);
  const message = legible(words);
  const advice = hint ? `. ${hint}` : "";
  return new ConnectionError(`Cannot ${action} as ${rule}: ${message}${advice}`, reason, {
    cause: message === words ? cause : new Error(message),
  });
}

/** Whether the program lacks Deno's permission to dial this server. */
export function lacksPermission(cause: unknown): boolean {
  return [cause, (cause as Error | undefined)?.cause]
    .some((error) => error instanceof Deno.errors.NotCapable);
}

/** Turns an error of the client into one of ours; passes on errors without a class of ours. */
export function clientFault(error: Error): Error {
  if (error instanceof errors.PermissionViolationError) {
    const operation = error.operation === "publish" ? "publish" : "subscribe";
    const message = legible(shortened(error.message));
    // the client's own words name the inbox, may hold what a terminal obeys, and are printed with the error
    const cause = message === error.message ? error : new Error(message);
    return new PermissionError(operation, subjectOf(error), { cause });
  }
  if (isRefusal(error) || verdictOf(error.message)) return faultOf(error, "stay connected");
  const message = legible(error.message);
  return message === error.message ? error : new Error(message);
}

/** The server quotes a subject as Go does; of a message whose address of reply it refuses it names that alone. */
function subjectOf({ subject, message }: { subject: string; message: string }): string {
  const [, replyTo = ""] = /Publish with Reply of "(\S+)"/.exec(message) ?? [];
  return (subject || replyTo).replace(/\\(["\\])/g, "$1");
}

/** The broker has not connected, or is closed. */
export function notConnected(action: string): ConnectionError {
  return new ConnectionError(
    `Cannot ${action} as the broker must be connected: call connect() or start() first`,
    "not connected",
  );
}

/** The client's version is not one that the fast way to the server supports. */
export function unknownClient(fault: string): ConnectionError {
  const sentence = `Cannot use the fast way to the server as the client must be known: ${fault}. ` +
    "All works by the client's public face, and takes longer";
  return new ConnectionError(sentence, "unknown client");
}

/** What goes through a connection must not be led elsewhere. */
export function alreadyConnected(): ConnectionError {
  const sentence = "Cannot lead the broker elsewhere as it must be stopped: it is connected";
  return new ConnectionError(sentence, "connected");
}

/** The connection was closed while something waited for it. */
export function closedUnder(action: string, cause: unknown): ConnectionError {
  const sentence = `Cannot ${action} as the connection must be open: it was closed`;
  return new ConnectionError(sentence, "closed", { cause });
}

function isRefusal(cause: unknown): boolean {
  return cause instanceof errors.AuthorizationError ||
    cause instanceof errors.UserAuthenticationExpiredError;
}

function verdictOn(cause: unknown): Verdict {
  const { message, cause: below } = (cause ?? {}) as Error;
  const text = `${message} ${(below as Error | undefined)?.message}`;
  const known = verdictOf(text);
  if (known) return known;
  if (isRefusal(cause)) return REFUSED_CREDENTIALS;
  if (cause instanceof errors.TimeoutError) return SILENCE;
  if (TLS_FAULT.test(text)) return { reason: "tls", rule: "the TLS handshake must succeed" };
  if (cause instanceof errors.ProtocolError) return REJECTED;
  return { reason: "refused", rule: "a server must be there" };
}
