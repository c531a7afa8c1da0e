import type { Clock } from "../clock.ts";
import type { Duration } from "../duration.ts";
import type { PermissionError } from "../errors.ts";
import type { EncodedBody } from "../message/body.ts";
import type { AnyState, Message } from "../message/message.ts";
import type { HeaderFields } from "../message/headers.ts";
import type { Delivery, RawMessage } from "../message/raw_message.ts";
import type { Params } from "../subject/subject.ts";
import type { Invocation } from "./invocation.ts";

/** The place of a source's kind, for the compiler alone: no value has it. */
export declare const KIND: unique symbol;

/** What a source gives its handler, for the compiler. */
export interface Kind {
  /** The pattern of its subjects, such as `"orders.{id}"`: the names of the message's parameters. */
  readonly pattern: string;
  /** What each message has besides, such as `{ delivery: Delivery }`. */
  readonly besides: object;
  /** Whether the handler gets a list of messages. */
  readonly batch: boolean;
}

/** Where messages come from, if not from a subject: a door makes it, and `broker.subscriber()` takes it. */
export interface Source<K extends Kind = Kind> {
  /** Only for the compiler: the kind of the source. */
  readonly [KIND]: K;
  /** The name of the source, for error messages and descriptions. */
  readonly name: string;
}

/** How the processing of a delivery ended; its source settles it. */
export type Outcome =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: unknown }
  | Refused;

/** No handler runs, as too many deliveries wait; or none ends in time, as the broker stops. */
export interface Refused {
  readonly kind: "refused";
  readonly reason: "too-many" | "stopping";
  /** The error text that a caller would get. */
  readonly error: Error;
}

/** The error text for callers that wait when the broker stops. */
export const SHUTTING_DOWN = "Shutting down";

/** What a server must permit. */
export interface Needs {
  /** Where it publishes. */
  readonly publish?: readonly string[];
  /** What it subscribes to. */
  readonly subscribe?: readonly { readonly subject: string; readonly queue?: string | undefined }[];
  /** Whether it answers the messages that come in, at their reply addresses. */
  readonly answers?: boolean;
}

/**
 * What a handler gets: of a subject the message, of a source the message with what the source adds, or a list of them.
 */
export type Given<From, Body = unknown, State = AnyState> = From extends string
  ? Message<Body, Params<From>, State>
  : From extends Source<infer K extends Kind>
    ? K["batch"] extends true ? readonly GivenBySource<K, Body, State>[]
    : GivenBySource<K, Body, State>
  : never;

/** A message of a source, with what the source adds. */
export type GivenBySource<K extends Kind, Body, State> =
  & Message<Body, Params<K["pattern"]>, State>
  & K["besides"];

/** What a raw message has besides its subject and its bytes. */
export interface RawOptions {
  readonly headers?: HeaderFields;
  readonly replyTo?: string;
  /**
   * Whether its sender sends it again by itself after an outage: then it is neither held nor counted as lost.
   *
   * @default {false}
   */
  readonly isRepeated?: boolean;
}

/** How long to wait for the answer to a raw request. */
export interface RawRequestOptions {
  readonly headers?: HeaderFields;
  /**
   * The time until a `TimeoutError`.
   *
   * @default {the broker's `requestTimeout`}
   */
  readonly timeout?: Duration;
  readonly signal?: AbortSignal;
}

/** A raw subscription. */
export interface RawSubscription {
  /** Ends the subscription at once, and drops messages on their way. */
  unsubscribe(): void;
  /** Ends the subscription; resolves once the messages on their way have come. */
  drain(): Promise<void>;
}

/** A message that its sender repeats by itself. */
export interface AwaitedMessage extends RawMessage {
  data: Uint8Array;
  headerBlock: Uint8Array | undefined;
  /** So that a broken connection does not count it as lost. */
  readonly isAwaited: true;
}

/** What a broker lends to sources and doors. Nothing of it passes a middleware or gets a header of ours. */
export interface BrokerAccess {
  readonly clock: Clock;
  /** Aborts when the timeout of the broker's stop has passed. */
  readonly stopping: () => AbortSignal;
  /** A new name for an inbox, below the broker's prefix. */
  readonly newInbox: () => string;
  /**
   * Encodes a body by the codecs of the broker.
   *
   * @throws {EncodeError} if it cannot be encoded
   */
  encode(body: unknown, fields?: readonly (readonly [string, unknown])[]): EncodedBody;
  /**
   * Decodes a body by the codecs of the broker.
   *
   * @throws {DecodeError} if it does not match its content type
   */
  decode(data: Uint8Array, contentType: string | undefined): unknown;
  /** How long a message may be for the current server, headers included, in bytes. */
  readonly maxPayload: number;
  /** Publishes the bytes as they are; while disconnected, the broker holds the message. */
  publish(subject: string, data?: Uint8Array, options?: RawOptions): void;
  /** Requests with the bytes as they are. */
  request(subject: string, data?: Uint8Array, options?: RawRequestOptions): Promise<Message>;
  /** Sends a message whose sender waits for an answer, and repeats it by itself; while disconnected, the broker holds it. */
  send(message: AwaitedMessage): void;
  /** Takes a message back; returns whether it was unsent, so that no server can have it. */
  takeBack(message: AwaitedMessage): boolean;
  /** Calls back when the server refuses a message for want of permission; returns how to stop that. */
  onRefusal(refused: (error: PermissionError) => void): () => void;
  /**
   * Subscribes; the server has the subscription once `flush()` resolves. The bytes of a message are a view of what was
   * read from the socket: copy them to keep them, but for those that go to a sink at once.
   */
  subscribe(
    subject: string,
    take: (message: RawMessage) => void,
    options?: { readonly queue?: string; readonly refused?: (error: Error) => void },
  ): RawSubscription;
  /** A server that should have said something is silent: has the connection checked now, and left if it is dead. */
  suspect(): void;
  /** Resolves once the server has processed everything sent before, after a reconnect if necessary. */
  flush(): Promise<void>;
  /** The version of the current or last server, such as `"2.12.1"`; empty before the first. */
  serverVersion(): string;
  /** Whether the current or last server says that it has JetStream itself. */
  hasJetStream(): boolean;
  /** Emits an `error` event. */
  report(error: Error, subject?: string): void;
  /** Calls back when the connection is lost, has come back, or is closed for good; returns how to stop that. */
  onConnection(changed: (state: ConnectionChange) => void): () => void;
}

/** What became of the connection. */
export type ConnectionChange = "lost" | "back" | "closed";

/** Takes what an open source delivers. */
export interface Sink {
  /** How many handlers could begin at once: a source that asks for its messages asks for no more. */
  readonly free: number;
  /** What the handlers make of a message: a value, or parts, or a session. */
  readonly serves: "values" | "parts" | "sessions";
  /** Hands over a delivery; its outcome comes to `settle()`. */
  take(delivery: Delivery): void;
  /** Counts a message that no handler gets. */
  drop(): void;
  /** Reports an error of the source; it does not end the source. */
  report(error: Error, invocation?: Invocation): void;
}

/** A source that a broker has opened. */
export interface OpenSource<I extends Invocation = Invocation> {
  /** Resolves once messages can come; the broker calls it after a round trip to the server. */
  ready(): void | Promise<void>;
  /** Takes no new messages, and gives back those that no handler has; resolves once none are on their way. */
  stop(): Promise<void>;
  /**
   * How long a handler may take, in milliseconds; what the sender of a message has written does not count then. The
   * source ends one that takes longer by `invocation.giveUp()`.
   */
  readonly timeout?: number | undefined;
  /** Whether the server has refused it, so that `start()` opens it once more. */
  readonly isRefused?: boolean;
  /** Ends it at once, and reports nothing. */
  cancel?(): void;
  /**
   * Settles an outcome. After `refused: stopping` the late outcome of the same invocation may follow. If it throws, the
   * invocation has failed, and that is settled instead.
   */
  settle(invocation: I, outcome: Outcome): unknown;
  /** Called when a handler has ended, and more can be taken. */
  freed?(free: number): void;
  /**
   * Makes the invocation of a delivery.
   *
   * @default {one that is settled by its origin}
   */
  invoke?(delivery: Delivery, arrived: number): I;
  /** Whether nobody would notice if a delivery were refused in silence. */
  ignoresRefusal?(delivery: Delivery): boolean;
  /**
   * Takes a message of a batch that does not decode or fit, by its origin; the handler gets the others.
   *
   * @default {the whole batch fails}
   */
  unfit?(origin: unknown, error: unknown): void;
  /** Runs before the handler; throws to refuse. */
  admit?(invocation: I): unknown;
  /**
   * Sends the parts of a handler that yields them, within the middleware.
   *
   * @default {a handler must not yield parts}
   */
  stream?(invocation: I, parts: AsyncIterable<unknown>, check: PartCheck | undefined): unknown;
  /** Called once an outcome is settled, before the end; the place is free once its promise resolves. */
  finish?(invocation: I): Promise<void> | undefined;
  /** The time to settle what was refused with this error, as the broker stops, has passed. */
  expire?(error: Error, late: Error): void;
}

/** Checks a part; returns the part, or a promise of it. */
export type PartCheck = (part: unknown) => unknown;

/** What stands behind a source: its maker gives it to {@linkcode source}. */
export interface SourceDriver<Access = BrokerAccess> {
  /** The pattern that gives the messages their parameters. */
  readonly pattern: string;
  /** Whether the handler gets a list of messages. */
  readonly batch?: boolean;
  /** How many messages it has dropped, on all brokers, before a sink got them. */
  readonly dropped?: number;
  /** What the server must permit. */
  readonly needs: Needs;
  /** What `broker.describe()` says of it besides its name and pattern: plain data. */
  readonly description?: Readonly<Record<string, unknown>>;
  /** Opens it on a broker: once for each `start()`. It delivers nothing before this has returned. */
  open(sink: Sink, access: Access): OpenSource;
}

const drivers = new WeakMap<object, SourceDriver>();

/**
 * Makes a source: a plain value without a broker, which several brokers may open. `more` is what it has besides its
 * name.
 *
 * @throws {TypeError} without a name, a pattern or `open()`
 */
export function source<K extends Kind, More extends object = object>(
  name: string,
  driver: SourceDriver,
  more?: More,
): Source<K> & More {
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`Cannot make a source as it must have a name: ${JSON.stringify(name)}`);
  }
  if (typeof driver?.pattern !== "string" || typeof driver.open !== "function") {
    throw new TypeError(
      `Cannot make the source "${name}" as it must have a pattern and open()`,
    );
  }
  const made = Object.freeze({ ...more, name });
  drivers.set(made, driver);
  // no value has the kind, which only the compiler sees
  return made as unknown as Source<K> & More;
}

/** What stands behind a source; `undefined` for any other value. */
export function driverOf(value: unknown): SourceDriver | undefined {
  return typeof value === "object" && value !== null ? drivers.get(value) : undefined;
}
