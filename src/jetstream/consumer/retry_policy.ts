import type { Duration } from "../../duration.ts";

/**
 * How a message is tried again after its handler threw or took too long.
 *
 * The server holds a message during a short wait. For a longer wait, the consumer stores the message in the stream once
 * more, as a schedule under a subject of this package, and acknowledges the original:
 *
 * | what | with a stored wait |
 * | --- | --- |
 * | who gets the message | only this consumer, in any process that has a free place; a second consumer on the server, `NAME~own`, reads it for the same handler |
 * | what the handler gets | the original `delivery.id`, `seq`, `time`, subject, parameters and headers; the attempts go on counting, and after the last one the message becomes a dead letter |
 * | a process that is killed while it stores | the message comes once: before the original is handled again, the consumer finds the stored one |
 * | `key` | as with short waits: the process blocks the key until the message is back, but another process may get the message |
 * | `js.lag()`, `js.info()`, `js.pause()` | the message counts as `unsettled`; a pause holds it |
 * | another name for the consumer | a waiting message belongs to the consumer's name, and no other consumer gets it: rename a consumer only once `js.lag()` counts no message as `unsettled`, or waiting messages stay in the stream |
 * | limits of the stream | the stored message counts as one more message, and its age begins anew; a work queue removes it once it is done |
 *
 * If the stream is no longer declared with `allowMsgSchedules`, waiting messages stay in it until it is again; an `error`
 * event reports them at each start.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, Retry, workQueue } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const jobs = workQueue("JOBS", { subjects: ["jobs.{id}"], allowMsgSchedules: true, declare: "create" });
 * const work = consumer(jobs, "work", { maxAckPending: 10, retry: { attempts: 24, backoff: "1h" } });
 * const broker = new NatsBroker("nats://127.0.0.1:4222");
 * const seen: string[] = [];
 * const subscriber = broker.subscriber(work, ({ params, delivery }) => {
 *   seen.push(`${params.id}, attempt ${delivery.attempt}`);
 *   if (delivery.attempt === 1) throw new Retry(); // as schedules, many jobs may wait without blocking maxAckPending
 * });
 * await using test = await TestBroker.start(broker, { time: "moved" });
 *
 * await jetstream(broker).publish("jobs.7");
 * await subscriber.received();
 * await test.advance("2h");
 * assertEquals(seen, ["7, attempt 1", "7, attempt 2"]);
 * ```
 */
export interface RetryPolicy {
  /**
   * The greatest number of deliveries of a message, including the first; after that, the message becomes a dead letter.
   *
   * @default {5}
   */
  readonly attempts?: number;
  /**
   * How long to wait before the second attempt, before the third, and so on; the last value repeats. Meanwhile the message
   * holds no place of a handler. It counts towards `maxAckPending`, unless `scheduleFrom` applies.
   *
   * @default {["1s", "10s", "1m", "5m"]}
   */
  readonly backoff?: Duration | readonly Duration[];
  /**
   * How much a wait may vary in either direction, as a fraction from 0 to 1, so that messages that failed together do not
   * come back together.
   *
   * @default {0.2}
   */
  readonly jitter?: number;
  /**
   * The shortest wait that is stored as a schedule, so that the message does not count towards `maxAckPending` while it
   * waits; `Infinity` turns schedules off. Schedules need a stream that is declared with `allowMsgSchedules`, without
   * `unique`, not by `"leave"` and not with `retention: "interest"`. The wait must be below the stream's `maxAge`, the
   * message must have no `ttl`, and the consumer needs a `maxAckPending` above 1, `ack: "after"`, no pinned group
   * and no `partitions`. Otherwise the server holds the message as for a shorter wait, and an `error` event says so once.
   * With `partitions`, the message blocks its partition for that time.
   *
   * @default {"30s"}
   */
  readonly scheduleFrom?: Duration;
}
