import type { ServerInfo } from "@nats-io/transport-deno";
import { InvalidSubjectError } from "../errors.ts";
import type { EncodedMessage } from "../message/outgoing.ts";
import type { MessageSink, ServerSubscription, Subscriptions } from "./subscriptions.ts";

/** In bytes: nats-server ends a connection over a longer line, unless its `max_control_line` says otherwise. */
const LONGEST = 4_096;
/** What stands in a line beside subjects, in bytes, as the server counts: two sizes, and the blanks. */
const BESIDE = 20;
/** UTF-8 takes three bytes at most for each unit of a text. */
const WIDEST = 3;
/** A server whose limit is below this does not let us in, as it cannot take our CONNECT. */
const SHORT = 128;
/** So many servers are known by their limits. */
const MOST_SERVERS = 64;
const EXCEEDED = /maximum control line/i;
const encoder = new TextEncoder();

/** A subscription whose line a server with a smaller limit may not take. */
interface LongSubscription {
  readonly subject: string;
  readonly length: number;
  readonly subscription: ServerSubscription;
  readonly sink: MessageSink;
}

/**
 * Keeps lines from the server that it ends the connection over. Its limit is in no INFO: one that is smaller than usual
 * is learned when it hangs up, as it must be smaller than the longest line that it was sent.
 */
export class ControlLines {
  readonly #limits = new Map<string, number>();
  readonly #subscriptions = new Set<LongSubscription>();
  #server = "";
  #limit = LONGEST;
  #longest = 0;
  #subject = "";

  /** Whether this is what a server says before it hangs up over a line. */
  static isExceeded({ message }: Error): boolean {
    return EXCEEDED.test(message);
  }

  /** Goes by the limit of this server from now on. */
  connected(server: string): void {
    this.#server = server;
    this.#limit = this.#limits.get(server) ?? LONGEST;
    this.#longest = 0;
  }

  /**
   * Looks at a message that is to be sent, now or once the connection is back.
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
   * Subscribes, unless the line is too long.
   *
   * @throws {InvalidSubjectError} if it is
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

  /** The server hangs up over a line: the longest is dropped, and what is as long is refused from now on. */
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

  /** The connection is closed for good, and nothing is subscribed any more. */
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

/** At most so many bytes; exactly only where that could matter. */
function lengthOf(one: string, other: string, limit: number): number {
  const units = one.length + other.length;
  if (units * WIDEST + BESIDE <= limit) return units + BESIDE;
  return encoder.encode(one).length + encoder.encode(other).length + BESIDE;
}

/** What a server has said of itself. */
export interface ServerFacts {
  readonly id: string;
  readonly version: string;
  /** Its bound for headers and body together, in bytes. */
  readonly maxPayload: number;
  /** One older than 2.2 takes no headers. */
  readonly headers: boolean;
}

/** What nats-server has where its configuration says nothing, in bytes. */
const USUAL_PAYLOAD = 1_048_576;

/** Before any server has said anything. */
const UNKNOWN_SERVER: ServerFacts = {
  id: "",
  version: "",
  maxPayload: USUAL_PAYLOAD,
  headers: true,
};

/** Reads an INFO, in which nothing need be what it should: a bound that is no number would bound nothing. */
export function serverFacts(info: Partial<ServerInfo>): ServerFacts {
  const { server_id, version, max_payload, headers } = info;
  const isBound = Number.isSafeInteger(max_payload) && max_payload! >= 0;
  return {
    id: `${server_id}`,
    version: `${version}`,
    maxPayload: isBound ? max_payload! : USUAL_PAYLOAD,
    headers: headers === true,
  };
}

/** What the server says of itself by now: a later INFO may change its limits while the connection stands. */
export class CurrentServer {
  readonly #latest: () => Partial<ServerInfo> | undefined;
  #read: Partial<ServerInfo> | undefined;
  #facts = UNKNOWN_SERVER;

  /** Reads what `latest` gives; where that is nothing, the last that was read holds. */
  constructor(latest: () => Partial<ServerInfo> | undefined) {
    this.#latest = latest;
  }

  /** The client makes an object for each INFO, so that one comparison finds a later one. */
  get facts(): ServerFacts {
    const latest = this.#latest();
    if (latest && latest !== this.#read) {
      this.#read = latest;
      this.#facts = serverFacts(latest);
    }
    return this.#facts;
  }
}
