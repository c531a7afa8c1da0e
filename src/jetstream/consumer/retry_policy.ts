import type { Duration } from "../../duration.ts";

/**
 * How a message is tried again whose handler threw or took too long.
 *
 * The server holds a message that waits for a short time. One that waits for longer is stored in the stream once more, as a
 * schedule under a subject of this package's own, and its first storing is acknowledged:
 *
 * | what | then |
 * | --- | --- |
 * | who gets it | this consumer alone, in any process of it that is free; a second consumer on the server, `NAME~own`, reads it for the same handler and the same places |
 * | what the handler gets | the message that it was: `delivery.id`, `seq` and `time`, subject, parameters, headers; attempts go on counting, and a dead letter comes after the last one |
 * | a process that is killed meanwhile | the message comes once: what was stored is found before the first storing is handled again |
 * | `key` | the process keeps the key until the message is back, as with short waits; as with those, another process may get it |
 * | `js.lag()`, `js.info()`, `js.pause()` | it is among what is `unsettled`; a pause holds it |
 * | limits of the stream | it is one more message in the stream, whose age begins anew; in a work queue it is gone once it is done |
 *
 * Messages that wait stay there if the stream is no longer declared with `allowMsgSchedules`, until it is again; an `error`
 * event tells so at each start.
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
 *   if (delivery.attempt === 1) throw new Retry(); // 11 jobs that wait would hold all the places else
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
   * How often a message is delivered at most, the first time included; then it is a dead letter.
   *
   * @default {5}
   */
  readonly attempts?: number;
  /**
   * How long to wait before the second attempt, before the third, and so on; the last one stays. Meanwhile the message
   * holds no place, but counts towards `maxAckPending`, unless `scheduleFrom` says otherwise.
   *
   * @default {["1s", "10s", "1m", "5m"]}
   */
  readonly backoff?: Duration | readonly Duration[];
  /**
   * How much a wait may differ either way, as a part of it from 0 to 1, so that what failed at once does not come again at
   * once.
   *
   * @default {0.2}
   */
  readonly jitter?: number;
  /**
   * Waits of at least this are stored as a schedule for this consumer alone, so that the message does not count towards
   * `maxAckPending` while it waits; `Infinity` turns that off. It needs a stream that is declared with `allowMsgSchedules`, not
   * by `"leave"` and not of retention `"interest"`, waits below its `maxAge`, a message without a `ttl`, and a
   * `maxAckPending` above 1; otherwise the server holds the message as it holds one for shorter waits, and an `error` event
   * tells so once.
   *
   * @default {"30s"}
   */
  readonly scheduleFrom?: Duration;
}
