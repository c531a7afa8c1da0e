import type { DecodeError, RemoteError, ValidationError } from "../errors.ts";
import type { Message } from "../message/message.ts";

/**
 * Why a request to many ended: it has as many answers as it wanted (`max`), a message said that no more come
 * (`sentinel`), the answers ceased (`stall`), its time is up (`timeout`), or it was left by `break` or `close()` (`closed`). After any other reason answers may
 * be missing: they came faster than they were read (`overflow`), or the iteration throws the error.
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
 * What one of many responders answered. One that went wrong is still an answer, as the others are not to
 * suffer from it: `error` says what it is, and without an error `body` is what the schema made.
 */
export type Answer<Body = unknown> =
  | Message<Body> & { readonly error: undefined }
  | Message & {
    /** What the responder sent as its error, or what is wrong with the body that it sent. */
    readonly error: RemoteError | DecodeError | ValidationError;
  };

/**
 * The answers of many responders to one request, as they come; `broker.requestMany()` makes them. Each is read
 * once, in whichever loop comes first. An empty answer is an answer like any other, and ends nothing
 * without the option `sentinel`.
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
  /** Resolves with the reason once no more answers are taken; never rejects, and needs no loop. */
  readonly ended: Promise<AnswersEnd>;

  /** Takes no more answers, and forgets those that wait to be read; does nothing once it has ended. */
  close(): Promise<void>;

  /**
   * Reads answers until there are no more; leaving the loop closes. Except after an abort, what waits is read
   * before an error is thrown.
   *
   * @throws {NoRespondersError} at once, if nobody subscribes to the subject
   * @throws {PermissionError} at once, if the server permits neither the question nor the answers
   * @throws {SubscriptionError} at once, if the server refuses the subscription for the answers
   * @throws {TimeoutError} at the deadline, only if there was no connection to send it through
   * @throws {ConnectionError} if the broker stops, or its connection is closed for good
   * @throws the reason of the signal, if it aborts
   */
  [Symbol.asyncIterator](): AsyncIterator<Answer<Body>>;
}
