import type { ServerInfo } from "@nats-io/transport-deno";
import { InvalidSubjectError } from "../errors.ts";
import type { EncodedMessage } from "../message/encoded_message.ts";
import type { MessageSink, ServerSubscription, Subscriptions } from "./subscriptions.ts";

/** In bytes, the default `max_control_line`: nats-server ends a connection that sends a longer line. */
const LONGEST = 4_096;
/** The rest of a line beside subjects, in bytes, as the server counts: two sizes, and the blanks. */
const BESIDE = 20;
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const WIDEST = 3;
/** No server that accepts us has a limit below this, as our CONNECT is longer. */
const SHORT = 128;
/** For how many servers to remember their limits. */
const MOST_SERVERS = 64;
const EXCEEDED = /maximum control line/i;
const encoder = new TextEncoder();

/** A subscription whose line may be too long for a server with a smaller limit. */
interface LongSubscription {
  readonly subject: string;
  readonly length: number;
  readonly subscription: ServerSubscription;
  readonly sink: MessageSink;
}

/**
 * Refuses subjects whose line is so long that the server would end the connection. No INFO names this limit. If a server
 * hangs up over a line, its limit must be smaller than the longest line that it got.
 */
export class ControlLines {
  readonly #limits = new Map<string, number>();
  readonly #subscriptions = new Set<LongSubscription>();
  #server = "";
  #limit = LONGEST;
  #longest = 0;
  #subject = "";

  /** Whether this is a server's error for a line that is too long. */
  static isExceeded({ message }: Error): boolean {
    return EXCEEDED.test(message);
  }

  /** Uses the limit of this server from now on. */
  connected(server: string): void {
    this.#server = server;
    this.#limit = this.#limits.get(server) ?? LONGEST;
    this.#longest = 0;
  }

  /**
   * Checks a message that is sent now, or after the reconnect.
   *
   * @throws {InvalidSubjectError} if its line is too long
   */
  check({ subject, replyTo }: Pick<EncodedMessage, "subject" | "replyTo">, isSent: boolean): void {
    const length = lengthOf(subject, replyTo, this.#limit);
    if (length > this.#limit) throw this.#tooLong("publish", subject);
    if (!isSent || length <= this.#longest) return;
    this.#longest = length;
    this.#subject = subject;
  }

  /**
   * Subscribes.
   *
   * @throws {InvalidSubjectError} if its line is too long
   */
  subscribe(
    subscriptions: Subscriptions,
    subject: string,
    sink: MessageSink,
    queue: string | undefined,
  ): ServerSubscription {
    const length = lengthOf(subject, queue ?? "", this.#limit);
    if (length > this.#limit) throw this.#tooLong("subscribe", subject);
    const subscription = subscriptions.subscribe(subject, sink, queue);
    if (length <= SHORT) return subscription;
    const long = { subject, length, subscription, sink };
    this.#subscriptions.add(long);
    const forget = () => this.#subscriptions.delete(long);
    return {
      unsubscribe() {
        forget();
        subscription.unsubscribe();
      },
      drain() {
        forget();
        return subscription.drain();
      },
    };
  }

  /** The server hangs up over a line: drops the longest one, and refuses equally long ones from now on. */
  exceeded(report: (error: Error, subject: string) => void): void {
    const lengths = [...this.#subscriptions].map(({ length }) => length);
    const longest = Math.max(this.#longest, ...lengths);
    const isMessage = this.#longest === longest;
    this.#limit = longest - 1;
    if (this.#limits.size >= MOST_SERVERS) this.#limits.clear();
    this.#limits.set(this.#server, this.#limit);
    if (isMessage) report(this.#tooLong("publish", this.#subject), this.#subject);
    for (const each of this.#subscriptions) {
      if (each.length > this.#limit) this.#drop(each, report);
    }
  }

  /** The connection is closed for good. */
  clear(): void {
    this.#subscriptions.clear();
    this.#limits.clear();
  }

  #drop(
    { subject, sink, subscription }: LongSubscription,
    report: (error: Error, subject: string) => void,
  ): void {
    const error = this.#tooLong("subscribe", subject);
    subscription.unsubscribe();
    sink.refused(error);
    report(error, subject);
  }

  #tooLong(action: string, subject: string): InvalidSubjectError {
    const known = this.#limit === LONGEST ? `${LONGEST} bytes` : "the server's max_control_line";
    return new InvalidSubjectError(action, `its line must fit ${known}`, subject);
  }
}

/** The length of a line in bytes: an upper bound if that is within the limit, else exact. */
function lengthOf(one: string, other: string, limit: number): number {
  const units = one.length + other.length;
  if (units * WIDEST + BESIDE <= limit) return units + BESIDE;
  return encoder.encode(one).length + encoder.encode(other).length + BESIDE;
}

/** The facts of a server's INFO. */
export interface ServerFacts {
  readonly id: string;
  readonly version: string;
  /** The limit for headers and body together, in bytes. */
  readonly maxPayload: number;
  /** Whether the server supports headers; one older than 2.2 does not. */
  readonly headers: boolean;
  /** Whether the server itself has JetStream, with a leader or without. */
  readonly jetstream: boolean;
}

/** The default of nats-server, in bytes. */
const USUAL_PAYLOAD = 1_048_576;

/** Until the first INFO. */
const UNKNOWN_SERVER: ServerFacts = {
  id: "",
  version: "",
  maxPayload: USUAL_PAYLOAD,
  headers: true,
  jetstream: false,
};

/** Reads an INFO, and replaces invalid values: a limit that is not a number would not limit anything. */
export function serverFacts(info: Partial<ServerInfo>): ServerFacts {
  const { server_id, version, max_payload, headers, jetstream } = info;
  const isBound = Number.isSafeInteger(max_payload) && max_payload! >= 0;
  return {
    id: `${server_id}`,
    version: `${version}`,
    maxPayload: isBound ? max_payload! : USUAL_PAYLOAD,
    headers: headers === true,
    jetstream: jetstream === true,
  };
}

/** The current server: a later INFO may change its limits while the connection is open. */
export class CurrentServer {
  readonly #latest: () => Partial<ServerInfo> | undefined;
  #read: Partial<ServerInfo> | undefined;
  #facts = UNKNOWN_SERVER;

  /** `latest` returns the last INFO, or `undefined` without a connection; then the previous one stays valid. */
  constructor(latest: () => Partial<ServerInfo> | undefined) {
    this.#latest = latest;
  }

  /** The client makes a new object for each INFO, so that one comparison finds a later one. */
  get facts(): ServerFacts {
    const latest = this.#latest();
    if (latest && latest !== this.#read) {
      this.#read = latest;
      this.#facts = serverFacts(latest);
    }
    return this.#facts;
  }
}
