import { asError } from "../../legible.ts";
import { ACK } from "./ack_words.ts";
import type { StreamConfig } from "../api/api_types.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import type { Declare } from "../stream/declare_stream.ts";
import { hasOwnSubjects, MOVED, ownSubjects } from "../stream/own_subjects.ts";
import type { ConsumerSettings } from "./consumer_settings.ts";
import { hasEnd, tokenOf } from "./own_message.ts";
import { OwnStore, waitingIn } from "./own_store.ts";
import type { Held } from "./stored_delivery.ts";

/** How long to wait for the server's confirmation of an acknowledgement, in milliseconds. */
const TRY = 2_000;
/** How many begun messages are remembered. */
const MOST_BEGUN = 1_000;
const NANOSECONDS = 1_000_000;

/** Stores messages with a long wait as schedules where possible, so that they do not count towards `maxAckPending`. */
export class LongRetries {
  readonly store: OwnStore;
  readonly #api: JetStreamApi;
  readonly #settings: ConsumerSettings;
  readonly #report: (error: Error) => void;
  /** Why the consumer cannot store schedules; empty if it can. */
  #lack: string;
  #isTold = false;
  /** The own messages that have begun in this process: the server may still deliver the messages that they replace. */
  readonly #begun = new Set<string>();
  #isQueue = false;
  /** How long the stream keeps a message, in milliseconds. */
  #maxAge = Infinity;

  /** `lack` is the reason known before the server is asked, if schedules are impossible. */
  constructor(
    api: JetStreamApi,
    settings: ConsumerSettings,
    lack: string | undefined,
    report: (error: Error) => void,
  ) {
    this.store = new OwnStore(api, settings.stream, settings.name);
    this.#api = api;
    this.#settings = settings;
    this.#lack = lack ?? "the consumer must have started";
    this.#report = report;
  }

  /** Notes the stream that a start has found; `lack` is the reason if schedules are impossible. */
  found(stream: StreamConfig, lack: string | undefined): void {
    this.#isQueue = stream.retention === "workqueue";
    this.#maxAge = stream.max_age ? stream.max_age / NANOSECONDS : Infinity;
    this.#lack = lack ?? (hasOwnSubjects(stream) ? "" : noSubjects(stream.name));
  }

  /** Reports at start that schedules are impossible, if the program has asked for long waits. */
  tell(isDeclared: boolean): void {
    const { stream, options: { retry }, retry: { backoff, scheduleFrom } } = this.#settings;
    if (scheduleFrom === Infinity) return;
    const longest = Math.max(...backoff);
    const isWanted = retry?.backoff !== undefined && longest >= scheduleFrom;
    if (this.#lack !== "") {
      if (isWanted || isDeclared || retry?.scheduleFrom !== undefined) this.#tell(this.#lack);
    } else if (isWanted && longest >= this.#maxAge) this.#tell(tooLong(stream, this.#maxAge));
  }

  /**
   * Reports messages that an earlier version of the declaration has stored as schedules, and that nobody would deliver any
   * more.
   */
  async tellLeft(stream: StreamConfig): Promise<void> {
    const { name } = this.#settings;
    if (!hasOwnSubjects(stream)) return;
    const kind = stream.retention === "workqueue" ? "*" : "retry";
    const left = await waitingIn(this.#api, stream.name, name, kind);
    if (left === 0) return;
    const rule = `${this.#lack}: messages that wait for their next attempt: ${left}`;
    this.#report(new Error(`Cannot deliver all messages of the consumer "${name}" as ${rule}`));
  }

  /** Whether to store the wait as a schedule; `isNamed` is whether the program has named the wait. */
  takes(held: Held, delay: number, isNamed: boolean): boolean {
    const { stream, retry: { scheduleFrom } } = this.#settings;
    // a replayed dead letter is in a stream without schedules; a copy of a message with a time to live must not outlive it
    if (delay < scheduleFrom || held.life !== undefined || hasEnd(held)) return false;
    if (this.#lack === "" && delay < this.#maxAge) return true;
    if (isNamed) this.#tell(this.#lack || tooLong(stream, this.#maxAge));
    return false;
  }

  /**
   * Runs before the handler of a message. Acknowledges the message that it replaces, and resolves with whether the consumer
   * has already stored it elsewhere; a process may have been killed between the two. `undefined` if there is nothing to
   * check.
   */
  check(held: Held): Promise<boolean> | undefined {
    if (held.life !== undefined) return undefined;
    const isAgain = held.receipt.ack.attempt > 1;
    const hasOwn = this.#lack === "" || movesJobs(this.#settings);
    if (held.rank === 0) return hasOwn && isAgain ? this.#isElsewhere(held) : undefined;
    return this.#replace(held).then(() => isAgain && this.#isElsewhere(held));
  }

  async #isElsewhere(held: Held): Promise<boolean> {
    try {
      const isElsewhere = await this.store.isElsewhere(held, this.#isQueue);
      return isElsewhere || (held.rank === 0 && this.#begun.has(tokenOf(held.origin)));
    } catch (error) {
      // to handle a message twice is better than to lose it
      this.#report(asError(error));
      return false;
    }
  }

  async #replace({ replaces, origin }: Held): Promise<void> {
    this.#begun.add(tokenOf(origin));
    const [oldest] = this.#begun;
    if (this.#begun.size > MOST_BEGUN) this.#begun.delete(oldest!);
    // on failure the server delivers the replaced message again, and `#isElsewhere()` then recognizes it
    await this.#api.access.request(replaces!, ACK, { timeout: TRY }).catch(() => {});
  }

  #tell(rule: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const { name, partitions } = this.#settings;
    const found = partitions === undefined
      ? "they count towards maxAckPending while they wait"
      : "each blocks its partition while it waits";
    this.#report(
      new Error(`Cannot schedule long retries of the consumer "${name}" as ${rule}: ${found}`),
    );
  }
}

/**
 * Whether a job leaves its subject before its handler runs; with `ack: "before"` the acknowledgement does that by itself.
 */
export function movesJobs({ unique, isBefore }: ConsumerSettings): boolean {
  return unique === MOVED && !isBefore;
}

/** Whether a consumer stores own messages, as far as its declaration says. */
export function hasOwn(
  settings: ConsumerSettings,
  stream: Partial<StreamConfig>,
  declare: Declare,
): boolean {
  return movesJobs(settings) || lackOf(settings, stream, declare) === undefined;
}

/** Why a consumer cannot store its retries as schedules, as far as its declaration says; `undefined` if it can. */
export function lackOf(
  { options, isBefore, group, unique, partitions }: ConsumerSettings,
  { allow_msg_schedules, retention }: Partial<StreamConfig>,
  declare: Declare,
): string | undefined {
  // a schedule would come back behind later messages of its key
  if (partitions !== undefined) return 'it must not have "partitions"';
  if (isBefore) return '"ack" must be "after"';
  // before the next line, because most work queues with "unique" cannot have "allowMsgSchedules"
  if (unique !== undefined) return 'its work queue must not have "unique"';
  if (!allow_msg_schedules) return "its stream must be declared with allowMsgSchedules";
  if (declare === "leave") return 'its stream must not have declare: "leave"';
  if (retention === "interest") return 'its stream must not be of retention "interest"';
  if (group?.kind === "pinned") return "it must not have a pinned group";
  if (options.maxAckPending === 1) return '"maxAckPending" must be more than 1';
  return undefined;
}

function noSubjects(stream: string): string {
  return `its stream must have the subject "${ownSubjects(stream)}", which declare: "update" adds`;
}

function tooLong(stream: string, maxAge: number): string {
  return `they must be shorter than the "maxAge" of "${stream}", ${maxAge} ms`;
}
