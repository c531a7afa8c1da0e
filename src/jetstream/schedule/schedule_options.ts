import type { Duration } from "../../duration.ts";
import { duration, flag, type Rules, signal } from "../../options.ts";
import { type HeaderFields, headerFields, type Schema, standardSchema } from "../../door/mod.ts";
import { ttl } from "../publish/store_options.ts";
import type { Stream } from "../stream/stream.ts";

/**
 * Options of a message that the stream stores later.
 *
 * @example
 * Debounce: a search that runs once its user has stopped typing
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, workQueue } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const searches = workQueue("SEARCHES", {
 *   subjects: ["searches.{user}"],
 *   allowMsgSchedules: true,
 *   declare: "create",
 * });
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const js = jetstream(broker);
 * const found: unknown[] = [];
 * broker.subscriber(consumer(searches, "search"), ({ body }) => void found.push(body));
 * await using test = await TestBroker.start(broker, { time: "moved" });
 *
 * for (const text of ["t", "te", "tea"]) {
 *   // the same name each time: each call puts the search off
 *   await js.schedule("searches.ada", { in: "2s" }, text, { name: "search-ada", replace: true });
 * }
 * await test.advance("5s");
 * assertEquals(found, ["tea"]);
 * ```
 */
export interface ScheduleMessageOptions {
  /**
   * Names the schedule; a stream has one schedule of each name. Without a name, each call makes another schedule. So a
   * program that makes a repeating schedule at each start needs a `name` and `replace: true`; otherwise each start adds one.
   * The name may be any text up to 1 000 bytes: a letter, a digit, `-` and `_` count as one byte, and any other character
   * counts as 3 to 12.
   *
   * @default {a fresh random token}
   */
  readonly name?: string;
  /**
   * Whether to replace a schedule of the same name that has not fired yet; otherwise the call throws a `ConflictError`. A
   * repeating schedule that is replaced by an identical one keeps its rhythm, so a program may make it at each start.
   *
   * @default {false}
   */
  readonly replace?: boolean;
  /** Additional headers of the message; names that begin with `Nats-` are refused. */
  readonly headers?: HeaderFields;
  /**
   * How long the stream holds the message once it has stored it, in whole seconds. Needs a stream with `allowMsgTtl`.
   *
   * @default {as long as the stream holds messages}
   */
  readonly ttl?: Duration;
}

/** Options of `js.schedule()`. */
export interface ScheduleOptions<Body = unknown> extends ScheduleMessageOptions {
  /**
   * The stream that takes the subject.
   *
   * @default {the stream that is declared through the same broker and takes the subject, or else the one that the server
   * names}
   */
  readonly stream?: Stream | string;
  /** Checks and types the body before it is sent. The body is sent as given. */
  readonly schema?: Schema<unknown, Body>;
  /**
   * How long the call may take until the schedule is stored, outages included; at most the stream's duplicate window.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason; the stream may still store the schedule. */
  readonly signal?: AbortSignal;
}

/** Options of a cancellation. */
export interface CancelOptions {
  /**
   * How long the call may take, outages included; less than a minute.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason; the schedule may still be cancelled. */
  readonly signal?: AbortSignal;
}

/** The rules of the options for one message. */
export const MESSAGE_RULES: Rules = {
  // `tokenOf()` checks it
  name: () => undefined,
  replace: flag,
  headers: headerFields,
  ttl,
};

/** The rules of {@linkcode ScheduleOptions}. */
export const SCHEDULE_RULES: Rules = {
  ...MESSAGE_RULES,
  stream: () => undefined,
  schema: standardSchema,
  timeout: duration,
  signal,
};

/** The rules of {@linkcode CancelOptions}. */
export const CANCEL_RULES: Rules = { timeout: duration, signal };

/** The default timeout of scheduling and cancelling, in milliseconds. */
export const TIMEOUT = 5_000;
