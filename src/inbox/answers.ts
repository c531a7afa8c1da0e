import type { DecodeError, RemoteError, ValidationError } from "../errors.ts";
import type { Message } from "../message/message.ts";

/**
 * Why a request to many ended. `max`: it got as many answers as it asked for; `sentinel`: a message said that no more
 * follow; `stall`: no answer followed the last one in time; `timeout`: its time ran out; `closed`: the program left by
 * `break` or `close()`. After any other reason answers may be missing: they arrived faster than the program read them
 * (`overflow`), or the iteration throws the error.
 */
export type AnswersEnd =
  | "max"
  | "sentinel"
  | "stall"
  | "timeout"
  | "closed"
  | "aborted"
  | "overflow"
  | "no responders"
  | "permission"
  | "connection";

/**
 * The answer of one of many responders. A failed answer does not end the iteration: it has an `error`; without an
 * `error`, `body` is what the schema made.
 */
export type Answer<Body = unknown> =
  | Message<Body> & { readonly error: undefined }
  | Message & {
    /** The error that the responder sent, or the fault in the body that it sent. */
    readonly error: RemoteError | DecodeError | ValidationError;
  };

/**
 * The answers of many responders to one request, as they arrive; `broker.requestMany()` makes them. If several loops
 * read, each answer goes to one of them. An empty answer counts as an answer, and ends the request only with the option
 * `sentinel`.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * for (const shop of ["corner", "market"]) {
 *   broker.subscriber("prices.tea", { queue: shop }, () => shop);
 * }
 * await using _test = await TestBroker.start(broker);
 *
 * const shops = [];
 * const answers = broker.requestMany("prices.tea", undefined, { stall: 100, timeout: 2_000 });
 * for await (const { error, body } of answers) if (!error) shops.push(body);
 * assertEquals(shops.sort(), ["corner", "market"]);
 * assertEquals(await answers.ended, "stall");
 * ```
 */
export interface Answers<Body = unknown> extends AsyncIterable<Answer<Body>>, AsyncDisposable {
  /** Resolves with the reason once the request has ended; never rejects, and needs no loop. */
  readonly ended: Promise<AnswersEnd>;

  /** Ends the request and drops unread answers; does nothing if the request has ended. */
  close(): Promise<void>;

  /**
   * Reads answers until the request ends; leaving the loop closes it. The loop yields waiting answers before it throws
   * an error, except after an abort.
   *
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {PermissionError} at once, if the server does not permit the request or the subscription for the answers
   * @throws {SubscriptionError} at once, if the server refuses the subscription for the answers
   * @throws {TimeoutError} at the deadline, only if the broker had no connection to send the request
   * @throws {ConnectionError} if the broker stops, or its connection is closed for good
   * @throws the reason of the signal, if it aborts
   */
  [Symbol.asyncIterator](): AsyncIterator<Answer<Body>>;
}
