import { legible } from "../../legible.ts";
import type { WireError } from "./api_types.ts";

/** What was not found. */
export type NotFoundKind = "stream" | "consumer" | "message" | "bucket" | "object";

/** JetStream has refused a request, or a stream, a consumer or a message is not in the state that the request needs. */
export class JetStreamError extends Error {
  static {
    this.prototype.name = "JetStreamError";
  }
  /** The status, with the meaning of HTTP's, as the server sent it; 0 if it sent none. */
  readonly code: number;
  /** The server's number of the error, such as 10071; 0 if it sent none. */
  readonly errCode: number;
  /** The server's words; empty if it sent none. */
  readonly description: string;

  /** Makes one; `rule` says what must hold, and `wire` is what the server sent. */
  constructor(action: string, rule: string, wire?: Partial<WireError>, options?: ErrorOptions) {
    const { code = 0, err_code: errCode = 0 } = wire ?? {};
    const description = legible(String(wire?.description ?? ""));
    const said = description === "" ? "" : `: ${description}`;
    super(`Cannot ${action} as ${rule}${said}${errCode ? ` (${errCode})` : ""}`, options);
    this.code = Number(code) || 0;
    this.errCode = Number(errCode) || 0;
    this.description = description;
  }
}

/**
 * The code of "maximum messages exceeded", whose description says whether the limit is that of the stream or of a subject.
 */
const TAKEN = 10077;
const PER_SUBJECT = /per subject/;

/** Something else was written before, or is there already: read it again, and decide anew. */
export class ConflictError extends JetStreamError {
  static {
    this.prototype.name = "ConflictError";
  }
  /**
   * The sequence that the server has instead of the expected one, if it says so. For a batch, it counts the messages before
   * the refused one as stored, and does not say which one that is.
   */
  readonly lastSeq: number | undefined;
  /**
   * The subject of the refused message; `undefined` if the error is not about one message, or is about one of a batch that
   * the server does not name.
   */
  readonly subject: string | undefined;
  /** Whether the subject already holds a message and takes no second one, as for a unique job. */
  readonly isTaken: boolean;

  /** Makes one. */
  constructor(
    action: string,
    rule: string,
    wire?: Partial<WireError>,
    options?: ErrorOptions & { readonly subject?: string | undefined },
  ) {
    super(action, rule, wire, options);
    this.subject = options?.subject;
    this.isTaken = this.errCode === TAKEN && PER_SUBJECT.test(this.description);
    const [, found] = /sequence: (\d+)$/.exec(this.description) ?? [];
    this.lastSeq = found === undefined ? undefined : Number(found);
  }
}

/** A stream, a consumer, a message, a bucket or an object does not exist. */
export class NotFoundError extends JetStreamError {
  static {
    this.prototype.name = "NotFoundError";
  }
  /** What it is that does not exist. */
  readonly kind: NotFoundKind;

  /** Makes one. */
  constructor(action: string, kind: NotFoundKind, wire?: Partial<WireError>) {
    super(action, `the ${kind} must exist`, wire);
    this.kind = kind;
  }
}

/** No stream takes the messages of this subject. */
export class NoStreamError extends JetStreamError {
  static {
    this.prototype.name = "NoStreamError";
  }
  /** The subject of the message. */
  readonly subject: string;

  /** Makes one. */
  constructor(action: string, subject: string, options?: ErrorOptions) {
    super(action, `a stream must take this subject: none has answered`, { code: 503 }, options);
    this.subject = subject;
  }
}

/** The message was not stored, and will not be: the time ran out, or the broker was stopped, before it was sent. */
export class NotStoredError extends JetStreamError {
  static {
    this.prototype.name = "NotStoredError";
  }
  /** The subject of the message; for a batch, that of its first one. */
  readonly subject: string;

  /** Makes one. */
  constructor(action: string, subject: string, rule: string, options?: ErrorOptions) {
    super(action, rule, undefined, options);
    this.subject = subject;
  }
}

/**
 * The message was sent and no answer came: it may be stored, and may not. Publish it again with the same `id`, within the
 * duplicate window of its stream, to be sure.
 */
export class UnknownOutcomeError extends JetStreamError {
  static {
    this.prototype.name = "UnknownOutcomeError";
  }
  /** The subject of the message; for a batch, that of its first one. */
  readonly subject: string;
  /** The id under which it may be stored. */
  readonly id: string | undefined;

  /** Makes one. */
  constructor(
    action: string,
    subject: string,
    rule: string,
    options?: ErrorOptions & { readonly id?: string | undefined },
  ) {
    super(action, rule, undefined, options);
    this.subject = subject;
    this.id = options?.id;
  }
}

/** A stream cannot hold the schedule, or would drop it before it is due; nothing was sent. */
export class NoScheduleError extends JetStreamError {
  static {
    this.prototype.name = "NoScheduleError";
  }
  /** The name of the stream. */
  readonly stream: string;

  /** Makes one. */
  constructor(action: string, stream: string, rule: string) {
    super(action, rule);
    this.stream = stream;
  }
}

/** A limit of the stream, of the account or of the server is reached, or its disk is full. */
export class LimitError extends JetStreamError {
  static {
    this.prototype.name = "LimitError";
  }
}

/** The server or the account has no JetStream, none that answers, or one too old for what was asked. */
export class UnavailableError extends JetStreamError {
  static {
    this.prototype.name = "UnavailableError";
  }
  /** The version of nats-server that is needed, such as `"2.11"`; `undefined` if the version is not the reason. */
  readonly needs: string | undefined;

  /** Makes one. */
  constructor(
    action: string,
    rule: string,
    wire?: Partial<WireError>,
    options?: ErrorOptions & { readonly needs?: string },
  ) {
    super(action, rule, wire, options);
    this.needs = options?.needs;
  }
}

/** One field of a declaration that differs from what the server has. */
export interface Difference {
  /** The field, by its name in the API: `max_age`. */
  readonly field: string;
  /** What the declaration says, in the units of the API. */
  readonly declared: unknown;
  /** What the server has. */
  readonly found: unknown;
  /** Whether the server could change it. */
  readonly changeable: boolean;
}

/** What is declared and what the server has are not the same; nothing was changed. */
export class DifferenceError extends JetStreamError {
  static {
    this.prototype.name = "DifferenceError";
  }
  /** Each field that differs. */
  readonly differences: readonly Difference[];

  /** Makes one for what is declared, such as `stream "ORDERS"`. */
  constructor(what: string, differences: readonly Difference[], rule?: string) {
    const words = differences.map(({ field, declared, found, changeable }) =>
      `${field} is ${shown(found)} and not ${shown(declared)}${changeable ? "" : " (unchangeable)"}`
    );
    const must = rule ?? "it must be as declared";
    super(`use the ${what}`, `${must}: ${legible(words.join(", "))}`);
    this.differences = differences;
  }
}

function shown(value: unknown): string {
  return value === undefined ? "unset" : JSON.stringify(value);
}

const EXPECTED = "what it expects must hold";
const FREE_NAME = "nothing else must have the name";
/** What must hold, by the number of the error. */
const CONFLICTS: ReadonlyMap<number, string> = new Map([
  [10013, FREE_NAME],
  [10058, FREE_NAME],
  [10060, EXPECTED],
  [10065, "no other stream must take its subjects"],
  [10070, EXPECTED],
  [10071, EXPECTED],
  [10148, FREE_NAME],
  [10164, EXPECTED],
  [10201, "each id must be there once"],
]);
const LIMITS: ReadonlySet<number> = new Set([
  ...[10002, 10023, 10026, 10027, 10028, 10047, 10053, 10054, 10077, 10113, 10122, 10210, 10211],
]);
const MISSING: ReadonlyMap<number, NotFoundKind> = new Map([
  [10014, "consumer"],
  [10037, "message"],
  [10043, "message"],
  [10059, "stream"],
  [10149, "consumer"],
]);

/**
 * Makes the error for an answer, by its number. Each class groups the errors that a caller handles alike. `subject` is that
 * of the message which the error is about.
 */
export function errorOf(action: string, wire: WireError, subject?: string): JetStreamError {
  const { err_code: number } = wire;
  const kind = MISSING.get(number);
  if (kind) return new NotFoundError(action, kind, wire);
  const conflict = CONFLICTS.get(number);
  if (conflict) return new ConflictError(action, conflict, wire, { subject });
  // one message for each subject, and that one is there: the subject is taken
  if (number === TAKEN && PER_SUBJECT.test(wire.description)) {
    const rule = `${subject === undefined ? "each" : "its"} subject must be free`;
    return new ConflictError(action, rule, wire, { subject });
  }
  if (LIMITS.has(number)) return new LimitError(action, "it must stay within the limits", wire);
  if (number === 10039 || number === 10076) {
    return new UnavailableError(action, "the account must have JetStream", wire);
  }
  if (number === 10185) {
    return new UnavailableError(action, "the server must be recent enough", wire);
  }
  if (number === 10176) {
    return new JetStreamError(action, "all of the batch must reach one stream", wire);
  }
  return new JetStreamError(action, "JetStream must accept it", wire);
}
