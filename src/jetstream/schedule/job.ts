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
 * A message that is due later, or again and again; `js.schedule()` makes it, and `js.schedules()` and `js.scheduled()` find it
 * again. The server keeps it in the stream, and stores the message when it is due: nothing of this package has to run then.
 *
 * | when | due |
 * | --- | --- |
 * | `{ in: "3h" }` | once, so long after the call, by the server's clock: a wrong date here makes no difference |
 * | `{ at: new Date("2030-01-01T09:00:00Z") }` | once, then; what is over by a minute at most is due at once |
 * | `{ every: "90s" }` | every so many whole seconds from now on |
 * | `{ cron: "0 30 9 * * MON-FRI", timeZone: "Europe/Zurich" }` | by six fields, the second first, and by the clocks of a zone |
 *
 * The stream is declared with `allowMsgSchedules: true`; so it has subjects of this package, `_SIGNALBOX.<STREAM>.>`, which no
 * handler and no `js.read()` is given. Needs nats-server 2.14. A message is stored up to 250 ms after it was due, and later
 * where thousands are due at once. After a restart of the server, what was due meanwhile is stored at once; of what repeats
 * that is one message at most, however many were missed. `in` is as exact as half a round trip to the server. Clocks of a cluster's
 * servers must agree within half a second.
 *
 * A name keeps a schedule single: another one of the same name is a `ConflictError`, or takes its place with `replace: true`,
 * which puts it off, as for a search that waits until its user has stopped typing. Of a schedule that is just about to fire
 * when it is replaced, either the old message is stored and the new one later, or the new one alone. To be sure of that takes
 * about 300 ms then, and always where the old one repeats, which then ends that much before the new one begins. What repeats
 * and is replaced by the very same stays as it is, in step; so a program may name it at each start.
 *
 * A stream must hold a schedule until it is due: one that would be older than its `maxAge` is refused with both numbers, and
 * what repeats wherever there is a `maxAge`; so is retention by interest. Nothing can refuse what comes later: with
 * `maxMsgs`, `maxBytes` or a purge, schedules go like other messages. If the stream's subjects change, the message is stored
 * under its old subject all the same. A stream with `discard: "new"` cannot have schedules.
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
