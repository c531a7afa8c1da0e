/**
 * Every error class of the core. Wrong options throw a `TypeError` or a `RangeError`, as they are mistakes in the
 * program; the classes here are for errors that a program may want to catch.
 *
 * @module
 */
import { describe } from "./options.ts";
import { concealInbox, legible, shortened } from "./legible.ts";

/**
 * Why a connection failed, ended, or is open when it must not be. `limit`: the server or the account has reached its
 * number of connections; `certificate`: the server demands a client certificate; `hung-up`: the server closed the
 * socket without giving a reason; `stale`: the server took the connection for dead; `rejected`: the server gave another
 * reason, which the message quotes. `unknown-client`: the connection works, but this version of the NATS client is
 * unknown, so that the broker uses only the client's public API.
 */
export type ConnectionErrorReason =
  | "refused"
  | "timeout"
  | "authorization"
  | "tls"
  | "limit"
  | "certificate"
  | "hung-up"
  | "stale"
  | "rejected"
  | "not-connected"
  | "connected"
  | "unknown-client"
  | "interrupted"
  | "closed";

/** The connection failed, was never started, or is closed for good. */
export class ConnectionError extends Error {
  static {
    this.prototype.name = "ConnectionError";
  }
  /** Why it failed. */
  readonly reason: ConnectionErrorReason;

  /** Makes one; `options.cause` is the error of the layer below. */
  constructor(message: string, reason: ConnectionErrorReason, options?: ErrorOptions) {
    super(shortened(message), options);
    this.reason = reason;
  }
}

/** The operation did not finish within its timeout. */
export class TimeoutError extends Error {
  static {
    this.prototype.name = "TimeoutError";
  }
  /** The timeout, in milliseconds. */
  readonly timeout: number;
  /** The subject that the operation waited for, if any. */
  readonly subject: string | undefined;

  /** Makes one for `action`, such as `request "orders"`. */
  constructor(action: string, timeout: number, subject?: string, options?: ErrorOptions) {
    // the rest of a deadline has fractions, which nobody needs to read
    const rule = `it must finish in time: ${Math.ceil(timeout)} ms have passed`;
    super(shortened(`Cannot ${action} as ${rule}`), options);
    this.timeout = timeout;
    this.subject = subject;
    concealInbox(this);
  }
}

/** Nobody subscribes to the subject of a request; the server reports this at once. */
export class NoRespondersError extends Error {
  static {
    this.prototype.name = "NoRespondersError";
  }
  /** The subject of the request. */
  readonly subject: string;
  /** Makes one for the subject of the request. */
  constructor(subject: string, options?: ErrorOptions) {
    const rule = "it must have a subscriber: no responders";
    super(shortened(`Cannot request "${subject}" as ${rule}`), options);
    this.subject = subject;
    concealInbox(this);
  }
}

/** The server does not permit this user to publish or to subscribe to the subject. */
export class PermissionError extends Error {
  static {
    this.prototype.name = "PermissionError";
  }
  /** The operation that the server refused. */
  readonly operation: "publish" | "subscribe";
  /** The subject that the server refused. */
  readonly subject: string;
  /** Makes one; the message names the operation and the subject. */
  constructor(operation: "publish" | "subscribe", subject: string, options?: ErrorOptions) {
    const verb = operation === "publish" ? "publish to" : "subscribe to";
    const rule = "the server must permit it: not permitted";
    super(shortened(`Cannot ${verb} "${legible(subject)}" as ${rule}`), options);
    this.operation = operation;
    this.subject = subject;
    concealInbox(this);
  }
}

/** The server refused a subscription for a reason other than permissions, such as its `max_subscriptions`. */
export class SubscriptionError extends Error {
  static {
    this.prototype.name = "SubscriptionError";
  }
  /** The subject that the server refused. */
  readonly subject: string;
  /** The server's error text, up to 1000 characters; control characters are escaped, as in `\x1b`. */
  readonly words: string;
  /** Makes one from the server's error text. */
  constructor(subject: string, words: string, options?: ErrorOptions) {
    const said = legible(words);
    const rule = `the server must accept it: ${said}`;
    super(shortened(`Cannot subscribe to "${subject}" as ${rule}`), options);
    this.subject = subject;
    this.words = said;
    concealInbox(this);
  }
}

/** The other side answered with an error, in the headers of ADR-32. */
export class RemoteError extends Error {
  static {
    this.prototype.name = "RemoteError";
  }
  /** The code that the other side sent (`Nats-Service-Error-Code`); 0 if it is not a whole number. */
  readonly code: number;
  /** The code as the other side sent it, such as `"E42"`; empty if it sent no code. */
  readonly rawCode: string;
  /** The text that the other side sent (`Nats-Service-Error`). */
  readonly description: string;
  /** The decoded body of the answer; `undefined` if it has no body. */
  readonly data: unknown;
  /** The subject of the request. */
  readonly subject: string;
  /** Makes one from the code, the text and the body of the answer. */
  constructor(subject: string, code: number, description: string, data: unknown, rawCode?: string) {
    const rule = `the responder must succeed: ${rawCode || code} ${description}`;
    super(shortened(`Cannot request "${subject}" as ${rule}`));
    this.subject = subject;
    concealInbox(this);
    this.code = code;
    this.rawCode = rawCode ?? String(code);
    this.description = description;
    this.data = data;
  }
}

/**
 * A handler throws this to answer with an error that is meant for the caller, who gets it as a {@linkcode RemoteError}.
 * The caller does not see the text of any other exception.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const error = new ReplyError(404, "No such order", { id: "42" });
 * assertEquals(error.code, 404);
 * ```
 */
export class ReplyError extends Error {
  static {
    this.prototype.name = "ReplyError";
  }
  /** A number from 400 to 599, with the meaning of HTTP's status codes. */
  readonly code: number;
  /** Sent as the JSON body of the answer. */
  readonly data: unknown;

  /**
   * Makes one.
   *
   * @throws {RangeError} if `code` is not a whole number from 400 to 599
   */
  constructor(code: number, description: string, data?: unknown, options?: ErrorOptions) {
    super(description, options);
    if (!Number.isInteger(code) || code < 400 || code > 599) {
      const rule = `"code" must be a whole number from 400 to 599`;
      throw new RangeError(`Cannot make a ReplyError as ${rule}: ${describe(code)}`);
    }
    this.code = code;
    this.data = data;
  }
}

/** A subject, a pattern, a prefix or a parameter's value is invalid: the server would refuse it. */
export class InvalidSubjectError extends Error {
  static {
    this.prototype.name = "InvalidSubjectError";
  }
  /** The invalid value. */
  readonly subject: string;
  /** Makes one; `rule` is the violated rule, such as `"a token must not be empty"`. */
  constructor(action: string, rule: string, subject: unknown) {
    super(shortened(`Cannot ${action} as ${rule}: ${describe(subject)}`));
    this.subject = typeof subject === "string" ? subject : describe(subject);
    concealInbox(this);
  }
}

/** A received body is not what its content type says. */
export class DecodeError extends Error {
  static {
    this.prototype.name = "DecodeError";
  }
  /** The content type of the message. */
  readonly contentType: string;

  /** Makes one; `cause` is the parser's error. */
  constructor(type: string, options?: ErrorOptions) {
    super(`Cannot decode the body as it must fit its content type: ${type.slice(0, 100)}`, options);
    this.contentType = type;
  }
}

/**
 * JSON cannot carry a body or a part of it unchanged: a promise, a `Map`, `NaN`, a cycle, a function, or bytes inside
 * of JSON; or the codec of its content type failed, and `cause` is what it threw.
 */
export class EncodeError extends Error {
  static {
    this.prototype.name = "EncodeError";
  }
  /** The path to the faulty part, such as `body.items[3]`. */
  readonly place: string;

  /** Makes one; `found` describes the faulty part and its place, `rule` what a codec must give. */
  constructor(found: string, options?: ErrorOptions & { place?: string; rule?: string }) {
    const rule = options?.rule ?? "it must be text, bytes or a JSON value";
    super(`Cannot encode the body as ${rule}: ${found}`, options);
    this.place = options?.place ?? "body";
  }
}

/** A body does not fit its schema. */
export class ValidationError extends Error {
  static {
    this.prototype.name = "ValidationError";
  }
  /** The schema's findings, each with its path. */
  readonly issues: readonly ValidationIssue[];

  /** Makes one from the issues of a Standard Schema. */
  constructor(issues: readonly ValidationIssue[], options?: ErrorOptions) {
    const { message: found, path } = issues[0] ?? { message: "it does not", path: [] };
    const where = path.length > 0 ? ` at "${path.join(".")}"` : "";
    super(`Cannot accept the body as it must fit its schema: ${found}${where}`, options);
    this.issues = issues;
  }
}

/** One thing a schema found wrong with a body. */
export interface ValidationIssue {
  /** What is wrong, in the schema's words. */
  readonly message: string;
  /** Where: the keys from the body's root, as text; empty for the body itself. */
  readonly path: readonly string[];
}

/** A message is larger than the server's limit. */
export class PayloadTooLargeError extends Error {
  static {
    this.prototype.name = "PayloadTooLargeError";
  }
  /** Headers and body together, in bytes. */
  readonly size: number;
  /** The server's `max_payload`, in bytes. */
  readonly limit: number;

  /** Makes one from both sizes, in bytes. */
  constructor(subject: string, size: number, limit: number) {
    const rule = `a message must be ${limit} bytes at most: ${size}`;
    super(shortened(`Cannot publish to "${subject}" as ${rule}`));
    this.size = size;
    this.limit = limit;
  }
}

/** The outbox, which holds messages until the reconnect, is full; the broker dropped the message that did not fit. */
export class OutboxFullError extends Error {
  static {
    this.prototype.name = "OutboxFullError";
  }
  /** How many bytes the outbox holds. */
  readonly held: number;
  /** The bound, in bytes. */
  readonly limit: number;

  /** Makes one from the bytes held and the bound. */
  constructor(subject: string, held: number, limit: number) {
    const rule = `the outbox must stay within ${limit} bytes while disconnected`;
    super(shortened(`Cannot hold a message for "${subject}" as ${rule}: ${held} are held`));
    this.held = held;
    this.limit = limit;
  }
}
