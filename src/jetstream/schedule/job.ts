import { within } from "../../deadline.ts";
import { asMilliseconds } from "../../duration.ts";
import { checkOptions } from "../../options.ts";
import { handled } from "../../promises.ts";
import { scheduleSubject } from "../stream/own_subjects.ts";
import { cancelSchedule } from "./cancel.ts";
import { CANCEL_RULES, type CancelOptions, TIMEOUT } from "./schedule_options.ts";
import { type Attempt, ScheduleWriter } from "./schedule_writer.ts";
import type { SchedulingStream } from "./scheduling_stream.ts";

/**
 * A message that the stream stores later, or again and again. `js.schedule()` makes it; `js.schedules()` and
 * `js.scheduled()` find it again. The server keeps the schedule in the stream and stores the message when it is due, even
 * if no process runs then. {@linkcode WhenCron} has an example of a cron job, {@linkcode ScheduleMessageOptions} an example
 * of a debounce.
 *
 * | when | due |
 * | --- | --- |
 * | `{ in: "3h" }` | once, that long after the call, by the server's clock; the clock of this machine does not matter |
 * | `{ at: new Date("2030-01-01T09:00:00Z") }` | once, at that time; a time up to a minute in the past is due at once |
 * | `{ every: "90s" }` | again and again, in whole seconds; the first one is due after one interval |
 * | `{ cron: "0 30 9 * * MON-FRI", timeZone: "Europe/Zurich" }` | by six fields, the second first, in a time zone |
 *
 * Declare the stream with `allowMsgSchedules: true`. The stream then also takes `_SIGNALBOX.<STREAM>.>`, the subjects under
 * which this package keeps schedules; handlers and `js.read()` never get these messages. Schedules need nats-server 2.14.
 *
 * The server stores a message up to 250 ms after it is due, and later if thousands are due at once. After a restart it
 * stores at once the messages that became due in the meantime; a repeating schedule then gives one message at most, however
 * many it missed. The wait of `in` is never shorter than asked for, and longer by a round trip to the server at most. The
 * clocks of a cluster's servers must agree within half a second.
 *
 * A stream has one schedule of each name. A second one throws a `ConflictError`, or replaces the first with
 * `replace: true`. So a program can put a message off with each call (debounce). If the first schedule is about to fire
 * when it is replaced, the stream stores either both messages or only the new one. The replacement then takes about 300 ms
 * longer. It also takes about 300 ms longer if the first schedule repeats; the first one then stops before the new one
 * begins. A repeating schedule that is replaced by an identical one keeps its rhythm, so a program may make it at each
 * start.
 *
 * The stream must hold a schedule until it is due. So `js.schedule()` refuses a schedule that is due after the stream's
 * `maxAge`, any repeating schedule in a stream with a `maxAge`, and every schedule in a stream of `retention: "interest"`.
 * `allowMsgSchedules` excludes `discard: "new"` and `denyPurge`. Nothing guards a schedule later: `maxMsgs`,
 * `maxBytes` and a purge remove schedules like other messages. If the stream's subjects change, the message is still stored
 * under its old subject.
 *
 * In `js.batch()`, an entry that has `schedule` among its options is stored together with the rest.
 *
 * The NATS user needs the permission to publish to `_SIGNALBOX.<STREAM>.schedule.*`, `_SIGNALBOX.<STREAM>.probe.*`,
 * `$JS.API.STREAM.INFO.<STREAM>` and `$JS.API.STREAM.MSG.GET.<STREAM>`. It also needs `$JS.API.STREAM.NAMES`, unless the
 * stream is declared through the same broker or named by `stream`. `js.schedules()` needs the permissions of `js.read()`.
 * After the first call, `broker.permissions()` contains all of them.
 *
 * The stored message has the headers `Nats-Scheduler`, which names the subject of its schedule, and `Nats-Schedule-Next`.
 * This package does not forward these headers, and does not schedule a message again when it is retried or replayed as a
 * dead letter.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { consumer, jetstream, stream } from "@signalbox/nats/jetstream";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const mails = stream("MAILS", {
 *   subjects: ["mails.{user}"],
 *   allowMsgSchedules: true,
 *   declare: "create",
 * });
 * const broker = new NatsBroker();
 * const sent: string[] = [];
 * broker.subscriber(consumer(mails, "sending"), ({ params }) => void sent.push(params.user));
 * const js = jetstream(broker);
 * await using test = await TestBroker.start(broker, { time: "moved" });
 *
 * const job = await js.schedule("mails.ada", { in: "3h" }, "Pay, please", { name: "invoice-7" });
 * await js.schedule("mails.bob", { in: "3h" }, "Pay, please", { name: "invoice-8", stream: mails });
 * assertEquals(await job.cancel(), true); // she has paid
 * await test.advance("4h");
 * assertEquals(sent, ["bob"]);
 * ```
 */
export interface ScheduledJob {
  /** The name of the schedule, which is unique in its stream. */
  readonly name: string;
  /** The subject of the message. */
  readonly subject: string;
  /** The name of the stream that holds the schedule. */
  readonly stream: string;
  /** When the schedule is due next, as of the time when this object was made. */
  readonly next: Date;
  /**
   * Cancels this schedule, and no other schedule of the same name. Resolves with `true` if the schedule had not fired and
   * never will. For a repeating schedule, `true` means that it still existed; once the promise resolves, the stream stores
   * no further message of it. `false` means that the schedule had fired, or was gone because somebody had cancelled or
   * replaced it.
   *
   * Close to the due time, and for a repeating schedule, the call waits about 300 ms until the server shows whether the
   * schedule has fired. A second call returns the same result.
   *
   * @throws {UnknownOutcomeError} if no answer came in time: the schedule may be cancelled or may have fired; call it again
   * @throws {TimeoutError} if the stream did not show the outcome in time
   * @throws {TypeError} for a wrong option
   */
  cancel(options?: CancelOptions): Promise<boolean>;
}

/** Identifies the schedule of a job. */
export interface JobPlace {
  readonly stream: SchedulingStream;
  readonly name: string;
  /** The name, encoded as one token of a subject. */
  readonly token: string;
  readonly seq: number;
  /** When the schedule is due, in milliseconds since 1970; `undefined` if it repeats. */
  readonly due: number | undefined;
}

/**
 * The limit of a cancellation's timeout, in milliseconds: the server removes the record of a cancellation soon after that
 * time.
 */
const LONGEST = 60_000;

/** Cancels one schedule at most once, however often it is called. */
export class Canceller {
  readonly #place: JobPlace;
  /** The running cancellation or its result; unset again after a failure, so that the next call tries again. */
  #cancelled: Promise<boolean> | undefined;

  constructor(place: JobPlace) {
    this.#place = place;
  }

  /** Cancels the schedule, or returns the result of an earlier call; tries again after a failure. */
  cancel(options: CancelOptions = {}): Promise<boolean> {
    return handled(this.#cancel(options));
  }

  async #cancel(options: CancelOptions): Promise<boolean> {
    const { stream, name } = this.#place;
    const action = `cancel the schedule ${JSON.stringify(name)} of "${stream.name}"`;
    checkOptions(action, options, CANCEL_RULES);
    const { signal } = options;
    const timeout = asMilliseconds(options.timeout) ?? TIMEOUT;
    if (timeout >= LONGEST) {
      throw new TypeError(`Cannot ${action} as "timeout" must be less than 1m: ${timeout} ms`);
    }
    signal?.throwIfAborted();
    const { clock } = stream.api.access;
    const until = clock.now() + timeout;
    while (this.#cancelled) {
      // wait for the other call with the timeout of this one, as the two may differ
      const said = this.#cancelled.catch(() => undefined);
      const left = Math.max(1, until - clock.now());
      const isOff = await within(said, { clock, timeout: left, given: timeout, signal }, action);
      if (isOff !== undefined) return isOff;
    }
    return await this.#begin({ action, until, timeout, signal });
  }

  #begin(attempt: Attempt): Promise<boolean> {
    const { stream, token, seq, due } = this.#place;
    const subject = scheduleSubject(stream.name, token);
    const writer = new ScheduleWriter(stream, subject, attempt);
    const { action } = attempt;
    const cancelled = cancelSchedule(writer, { seq, due, action, subject }).catch((error) => {
      this.#cancelled = undefined;
      throw error;
    });
    return this.#cancelled = cancelled;
  }
}

/** A schedule that this process has made. */
export class OwnJob implements ScheduledJob {
  readonly name: string;
  readonly subject: string;
  readonly stream: string;
  readonly next: Date;
  readonly #canceller: Canceller;

  constructor(place: JobPlace, subject: string, next: number) {
    this.name = place.name;
    this.subject = subject;
    this.stream = place.stream.name;
    this.next = new Date(next);
    this.#canceller = new Canceller(place);
  }

  cancel(options?: CancelOptions): Promise<boolean> {
    return this.#canceller.cancel(options);
  }
}
