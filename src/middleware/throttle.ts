import { clockOfWork } from "../message/work.ts";
import { ReplyError } from "../errors.ts";
import { ERROR_CODES } from "../message/error_codes.ts";
import type { Message } from "../message/message.ts";
import { count, decision, milliseconds, type Rule, shown } from "../options.ts";
import { isThenable } from "../thenable.ts";
import type { Middleware } from "./middleware.ts";
import { checkRequired } from "./required.ts";
import { TokenBuckets } from "./token_buckets.ts";

/** How many messages pass. */
export interface ThrottleOptions<State = unknown> {
  /** How many pass at once, and within each `interval` in the long run. */
  readonly limit: number;
  /** Milliseconds that `limit` is counted over; a part of it gives back the same part of the limit. */
  readonly interval: number;
  /** Whose limit a message counts for. @default {one limit for all messages} */
  readonly key?: (
    message: Message<unknown, Readonly<Record<string, string>>, State>,
  ) => string;
  /** How many keys are remembered; beyond it the one unused for longest begins afresh. @default {10_000} */
  readonly maxKeys?: number;
}

const someTime: Rule = (value) => value === 0 ? "more than 0 milliseconds" : milliseconds(value);
const RULES = { limit: count, interval: someTime, key: decision, maxKeys: count };

/**
 * Makes a middleware that lets a limited number of messages through, as a token bucket does. What is beyond is
 * answered with 429 and `{ retryAfter }`, the milliseconds until the next one passes; where no answer is wanted it
 * is dropped.
 *
 * @example
 * ```ts
 * import { NatsBroker, RemoteError } from "@signalbox/nats";
 * import { throttle } from "@signalbox/nats/middleware";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertRejects } from "@std/assert";
 *
 * const onceAMinute = throttle({
 *   limit: 1,
 *   interval: 60_000,
 *   key: ({ headers }) => headers.get("tenant") ?? "",
 * });
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * broker.subscriber("backup", (message) => onceAMinute(message, () => Promise.resolve("done")));
 *
 * await using _test = await TestBroker.start(broker);
 * await broker.request("backup", undefined, { headers: { tenant: "a" } });
 * await broker.request("backup", undefined, { headers: { tenant: "b" } });
 * await assertRejects(
 *   () => broker.request("backup", undefined, { headers: { tenant: "a" } }),
 *   RemoteError,
 *   "429 Too many messages",
 * );
 * ```
 *
 * @throws {TypeError} naming the first option that is missing, unknown or wrong
 */
export function throttle<State = unknown>(options: ThrottleOptions<State>): Middleware<State> {
  checkRequired("throttle", options, RULES, ["limit", "interval"]);
  const { limit, interval, key = () => "", maxKeys = 10_000 } = options;
  const buckets = new TokenBuckets({ limit, interval }, maxKeys);
  return function throttle(message, next) {
    const retryAfter = buckets.take(keyOf(key(message)), clockOfWork().now());
    if (retryAfter <= 0) return next();
    throw new ReplyError(ERROR_CODES.tooMany, "Too many messages", { retryAfter });
  };
}

/** Every promise or object is a key of its own, so that no limit would ever be reached. */
function keyOf(key: unknown): string {
  if (typeof key === "object" || typeof key === "function") {
    // nobody else waits for it
    if (isThenable(key)) Promise.resolve(key).catch(() => {});
    throw new TypeError(`Cannot throttle as "key" must give text: ${shown(key)}`);
  }
  return String(key);
}
