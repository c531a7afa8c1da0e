/**
 * Every error the core throws, on one page. Wrong options are a `TypeError` or a `RangeError`, as they
 * are a mistake in the program; the classes here are the ones a program may want to catch.
 *
 * @module
 */
import { shown } from "./options.ts";
import { legible } from "./log/legible.ts";
import { concealInbox, shortened } from "./subject/shortened.ts";

/**
 * Why a connection could not be made, is no longer there, or is there and must not be. `limit`: the server or the account
 * has as many connections as it may; `certificate`: the server demands a client certificate; `hung-up`: it closed the
 * socket without a word; `stale`: it took the connection for dead; `rejected`: it said something else, which is in the
 * message. `unknown client`: nothing stands in the way, but the version of the NATS client is not a known one, so that all
 * goes by its public face.
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
  | "not connected"
  | "connected"
  | "unknown client"
  | "interrupted"
  | "closed";

/** The connection could not be made, was never asked for, or is closed for good. */
export class ConnectionError extends Error {
  static {
    this.prototype.name = "ConnectionError";
  }
  /** What stood in the way. */
  readonly reason: ConnectionErrorReason;

  /** Makes one; `options.cause` is the error of the layer below. */
  constructor(message: string, reason: ConnectionErrorReason, options?: ErrorOptions) {
    super(shortened(message), options);
    this.reason = reason;
  }
}

/** Nothing came within the time that was given. */
export class TimeoutError extends Error {
  static {
    this.prototype.name = "TimeoutError";
  }
  /** The time that was given, in milliseconds. */
  readonly timeout: number;
  /** The subject that was waited for, where there is one. */
  readonly subject: string | undefined;

  /** Makes one for `action`, such as `request "orders"`. */
  constructor(action: string, timeout: number, subject?: string, options?: ErrorOptions) {
    // what is left of a deadline has fractions, which nobody needs to read
    const rule = `it must be done in time: ${Math.ceil(timeout)} ms have passed`;
    super(shortened(`Cannot ${action} as ${rule}`), options);
    this.timeout = timeout;
    this.subject = subject;
    concealInbox(this);
  }
}

/** Nobody subscribes to the subject of a request; the server says so at once. */
export class NoRespondersError extends Error {
  static {
    this.prototype.name = "NoRespondersError";
  }
  /** The subject that was asked. */
  readonly subject: string;
  /** Makes one for the subject that was asked. */
  constructor(subject: string, options?: ErrorOptions) {
    const rule = "somebody must subscribe to it: no responders";
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
  /** What was refused. */
  readonly operation: "publish" | "subscribe";
  /** The subject it was refused for. */
  readonly subject: string;
  /** Makes one; the sentence names the operation and the subject. */
  constructor(operation: "publish" | "subscribe", subject: string, options?: ErrorOptions) {
    const verb = operation === "publish" ? "publish to" : "subscribe to";
    const rule = "the server must permit it: not permitted";
    super(shortened(`Cannot ${verb} "${legible(subject)}" as ${rule}`), options);
    this.operation = operation;
    this.subject = subject;
    concealInbox(this);
  }
}

/** The server refused a subscription for another reason than permissions, such as its `max_subscriptions`. */
export class SubscriptionError extends Error {
  static {
    this.prototype.name = "SubscriptionError";
  }
  /** The subject it was refused for. */
  readonly subject: string;
  /** What the server said, up to 1000 characters of it; controls are escaped, as in `\x1b`. */
  readonly words: string;
  /** Makes one from the server's words. */
  constructor(subject: string, words: string, options?: ErrorOptions) {
    const said = legible(words);
    const rule = `the server must take it: ${said}`;
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
  /** The code it sent (`Nats-Service-Error-Code`); 0 where it is not a whole number. */
  readonly code: number;
  /** The code as it was sent, such as `"E42"`; empty where there was none. */
  readonly rawCode: string;
  /** The text it sent (`Nats-Service-Error`). */
  readonly description: string;
  /** The decoded body of the answer, `undefined` where there is none. */
  readonly data: unknown;
  /** The subject that was asked. */
  readonly subject: string;
  /** Makes one from what the answer carried. */
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
 * What a handler throws to answer with an error that is meant for the caller, who gets it as a
 * {@linkcode RemoteError}. The text of any other exception stays on this side.
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
  /** A number from 400 to 599, read as HTTP's are. */
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
      throw new RangeError(`Cannot make a ReplyError as ${rule}: ${shown(code)}`);
    }
    this.code = code;
    this.data = data;
  }
}

/** A subject, a pattern, a prefix or a parameter's value is not one the server would take. */
export class InvalidSubjectError extends Error {
  static {
    this.prototype.name = "InvalidSubjectError";
  }
  /** What was given. */
  readonly subject: string;
  /** Makes one; `rule` is what must hold, such as `"a token must not be empty"`. */
  constructor(action: string, rule: string, subject: unknown) {
    super(shortened(`Cannot ${action} as ${rule}: ${shown(subject)}`));
    this.subject = typeof subject === "string" ? subject : shown(subject);
    concealInbox(this);
  }
}

/** A received body is not what its content type says. */
export class DecodeError extends Error {
  static {
    this.prototype.name = "DecodeError";
  }
  /** The content type it came with. */
  readonly contentType: string;

  /** Makes one; `cause` is the parser's error. */
  constructor(type: string, options?: ErrorOptions) {
    super(`Cannot decode the body as it must be valid ${type.slice(0, 100)}: it is not`, options);
    this.contentType = type;
  }
}

/**
 * A body to send, or a part of it, would not arrive as what it is: a promise, a `Map`, `NaN`, a cycle, a function, bytes
 * inside of JSON.
 */
export class EncodeError extends Error {
  static {
    this.prototype.name = "EncodeError";
  }
  /** Where it stands, such as `body.items[3]`. */
  readonly place: string;

  /** Makes one; `found` says what stands where. */
  constructor(found: string, options?: ErrorOptions & { readonly place?: string }) {
    super(`Cannot encode the body as it must be text, bytes or a JSON value: ${found}`, options);
    this.place = options?.place ?? "body";
  }
}

/** A body does not fit its schema. */
export class ValidationError extends Error {
  static {
    this.prototype.name = "ValidationError";
  }
  /** What the schema found, each with the path where it found it. */
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

/** A message is larger than the server takes. */
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

/** What is held for the time after the reconnect is full; the message was not taken. */
export class OutboxFullError extends Error {
  static {
    this.prototype.name = "OutboxFullError";
  }
  /** What is held already, in bytes. */
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
