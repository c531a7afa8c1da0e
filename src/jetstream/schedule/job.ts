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
 * A message that is due later, or again and again. `js.schedule()` makes it; `js.schedules()` and `js.scheduled()` find it
 * again. The server keeps the schedule in the stream and stores the message when it is due, even if no process runs then.
 * {@linkcode WhenCron} has an example of a cron job, {@linkcode ScheduleMessageOptions} one of a debounce.
 *
 * | when | due |
 * | --- | --- |
 * | `{ in: "3h" }` | once, that long after the call, by the server's clock; the clock of this machine does not matter |
 * | `{ at: new Date("2030-01-01T09:00:00Z") }` | once, at that time; a time up to a minute in the past is due at once |
 * | `{ every: "90s" }` | again and again, in whole seconds; the first one is due after one interval |
 * | `{ cron: "0 30 9 * * MON-FRI", timeZone: "Europe/Zurich" }` | by six fields, the second first, in a time zone |
 *
 * Declare the stream with `allowMsgSchedules: true`. It then also takes `_SIGNALBOX.<STREAM>.>`, the subjects that this
 * package keeps schedules under; handlers and `js.read()` never get those. This needs nats-server 2.14.
 *
 * The server stores a message up to 250 ms after it is due, and later if thousands are due at once. After a restart it
 * stores at once what became due meanwhile; of a repeating schedule that is one message at most, however many it missed.
 * `in` is as exact as half a round trip to the server. The clocks of a cluster's servers must agree within half a second.
 *
 * A stream has one schedule of each name. A second one throws a `ConflictError`, or replaces the first with `replace: true`.
 * So each call can put a message off (debounce). If the first one is about to fire while it is replaced, the stream stores
 * either both messages or the new one alone. Replacing takes about 300 ms longer then, and whenever the first one repeats;
 * that one stops before the new one begins. A repeating schedule that is replaced by an identical one keeps its rhythm, so
 * that a program may make it at each start.
 *
 * The stream must hold a schedule until it is due. So a schedule that is due after the stream's `maxAge` is refused; so is
 * any repeating schedule if the stream has a `maxAge`, and every schedule in a stream of `retention: "interest"` or with
 * `discard: "new"`. Nothing guards a schedule later: `maxMsgs`, `maxBytes` and a purge remove schedules like other messages.
 * If the stream's subjects change, the message is still stored under its old subject.
 *
 * In `js.batch()` an entry with `schedule` among its options is stored together with the rest.
 *
 * A user needs to publish to `_SIGNALBOX.<STREAM>.schedule.*` and `_SIGNALBOX.<STREAM>.probe.*`, and to
 * `$JS.API.STREAM.INFO.<STREAM>` and `$JS.API.STREAM.MSG.GET.<STREAM>`; and to `$JS.API.STREAM.NAMES`, unless the stream is
 * declared through the same broker, or named by `stream`; `js.schedules()` needs what `js.read()` does. `broker.permissions()`
 * has all of that once it was called. The headers of the message, when it comes, say `Nats-Scheduler`,
 * the subject of its schedule, and `Nats-Schedule-Next`; they go no further where headers are forwarded, and a message that
 * is retried, or replayed as a dead letter, is not scheduled again.
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
  /** Its name in the stream. */
  readonly name: string;
  /** The subject of the message. */
  readonly subject: string;
  /** The stream that has it. */
  readonly stream: string;
  /** When it is due next, as known when this was made. */
  readonly next: Date;
  /**
   * Cancels it, and no other of its name. Resolves with `true` exactly if it had not fired, and now never will; of one that
   * repeats, if it was there: once this resolves, nothing more of it is stored. `false` says that it has fired, or that it
   * was gone already, as somebody had cancelled or replaced it.
   *
   * Close to the time when it is due, and for what repeats, this waits for the server to tell what became of it, which takes
   * about 300 ms. Called again, it says the same.
   *
   * @throws {UnknownOutcomeError} if nothing was answered in time: it may be cancelled, and may have fired; call it again
   * @throws {TimeoutError} if it could not be known in time
   * @throws {TypeError} for a wrong option
   */
  cancel(options?: CancelOptions): Promise<boolean>;
}

/** Which schedule a job stands for. */
export interface JobPlace {
  readonly stream: SchedulingStream;
  readonly name: string;
  /** Its name as a token. */
  readonly token: string;
  readonly seq: number;
  /** When it is due, if it is due once. */
  readonly due: number | undefined;
}

/** The longest time that a cancellation may take, in milliseconds: it does not stand for much longer. */
const LONGEST = 60_000;

/** Cancels one schedule, once. */
export class Canceller {
  readonly #place: JobPlace;
  /** What is under way, or has come of it; a failure is tried again. */
  #cancelled: Promise<boolean> | undefined;

  constructor(place: JobPlace) {
    this.#place = place;
  }

  /** Cancels it, or says what came of that before; after a failure it tries again. */
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
      // another call may have more time than this one, or less
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

/** A job of this process. */
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
