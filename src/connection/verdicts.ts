import type { ConnectionErrorReason } from "../errors.ts";

/** What the last word of a server means, and what helps. */
export interface Verdict {
  readonly reason: ConnectionErrorReason;
  /** What must hold. */
  readonly rule: string;
  readonly hint?: string;
}

const ACCEPTED = "the server must accept the credentials";

/** Of credentials that are wrong, without more. */
export const REFUSED_CREDENTIALS: Verdict = { reason: "authorization", rule: ACCEPTED };

/** Of a server that takes the connection and says nothing. */
export const SILENCE: Verdict = {
  reason: "timeout",
  rule: "a server must answer in time",
  hint: "If it has `handshake_first`, set `tls: { handshakeFirst: true }`",
};

/** Of words that are not known here. */
export const REJECTED: Verdict = { reason: "rejected", rule: "the server must agree" };

/** How a server hangs up without a word, as the transport tells it and as `dial` does. */
export const HUNG_UP = "the socket closed before the server had let us in";

/** How a socket ends that was reset: the last words of the server may be lost with it. */
export const RESET = /connection reset|os error (?:104|54|10054)\b/i;

/** By the words of the server, its TLS library, or the transport; the first that fits counts. */
const VERDICTS: readonly (readonly [words: RegExp, verdict: Verdict])[] = [
  [/maximum account (?:active )?connections exceeded/i, {
    reason: "limit",
    rule: "the account must have room for one more connection",
    hint: "Close connections that nobody needs, or raise the account's limit of connections",
  }],
  [/maximum connections exceeded/i, {
    reason: "limit",
    rule: "the server must have room for one more connection",
    hint: "Close connections that nobody needs, or raise `max_connections` of the server",
  }],
  [/authentication expired/i, {
    reason: "authorization",
    rule: ACCEPTED,
    hint: "Renew them; a function as `auth` is asked before each connect",
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
    hint: "They permit less than when this connection was made; the next one knows by how much",
  }],
  [/stale connection/i, {
    reason: "stale",
    rule: "the server must hear from us in time",
    hint: "The program or the network stood still for longer than the server's pings allow",
  }],
  [RESET, {
    reason: "hung-up",
    rule: "the server must let us in",
    hint: "A reset takes away what the server has said: its log may say why",
  }],
  [/socket closed (?:before|while expecting) (?:an )?info|before the server had let us in/i, {
    reason: "hung-up",
    rule: "the server must let us in",
    hint: "If it has `handshake_first`, set `tls: { handshakeFirst: true }`; " +
      "if something stands before it, see whether that reaches it",
  }],
];

/** What these words mean, where they are known. */
export function verdictOf(words: string): Verdict | undefined {
  return VERDICTS.find(([known]) => known.test(words))?.[1];
}
