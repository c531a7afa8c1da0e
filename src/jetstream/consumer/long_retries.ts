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

/** How long to wait for the answer that a message is acknowledged, in milliseconds. */
const TRY = 2_000;
/** How many messages are remembered that have begun. */
const MOST_BEGUN = 1_000;
const NANOSECONDS = 1_000_000;

/** Waits of messages that hold no place: they are stored as schedules, where that can be had. */
export class LongRetries {
  readonly store: OwnStore;
  readonly #api: JetStreamApi;
  readonly #settings: ConsumerSettings;
  readonly #report: (error: Error) => void;
  /** Why there are none; empty if there are. */
  #lack: string;
  #isTold = false;
  /** What has begun here of the messages that replace others: these may be on their way once more. */
  readonly #begun = new Set<string>();
  #isQueue = false;
  /** How long the stream keeps a message, in milliseconds. */
  #maxAge = Infinity;

  /** `lack` is what is known to be missing before the server is asked. */
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

  /** Notes what a start has found; `lack` is what is missing. */
  found(stream: StreamConfig, lack: string | undefined): void {
    this.#isQueue = stream.retention === "workqueue";
    this.#maxAge = stream.max_age ? stream.max_age / NANOSECONDS : Infinity;
    this.#lack = lack ?? (hasOwnSubjects(stream) ? "" : noSubjects(stream.name));
  }

  /** Tells at start that there are none, if the program has asked for long waits. */
  tell(isDeclared: boolean): void {
    const { stream, options: { retry }, retry: { backoff, scheduleFrom } } = this.#settings;
    if (scheduleFrom === Infinity) return;
    const longest = Math.max(...backoff);
    const isWanted = retry?.backoff !== undefined && longest >= scheduleFrom;
    if (this.#lack !== "") {
      if (isWanted || isDeclared || retry?.scheduleFrom !== undefined) this.#tell(this.#lack);
    } else if (isWanted && longest >= this.#maxAge) this.#tell(tooLong(stream, this.#maxAge));
  }

  /** Tells of what waits from when there were schedules, and would wait for ever. */
  async tellLeft(stream: StreamConfig): Promise<void> {
    const { name } = this.#settings;
    if (!hasOwnSubjects(stream)) return;
    const kind = stream.retention === "workqueue" ? "*" : "retry";
    const left = await waitingIn(this.#api, stream.name, name, kind);
    if (left === 0) return;
    const rule = `${this.#lack}: messages that wait for their next attempt: ${left}`;
    this.#report(new Error(`Cannot deliver all of the consumer "${name}" as ${rule}`));
  }

  /** Whether this wait is to be stored; `isNamed` is whether the program has named it. */
  takes(held: Held, delay: number, isNamed: boolean): boolean {
    const { stream, retry: { scheduleFrom } } = this.#settings;
    // dead letters that were given back are in a stream without schedules, and what ends by itself must not outlive that
    if (delay < scheduleFrom || held.life !== undefined || hasEnd(held)) return false;
    if (this.#lack === "" && delay < this.#maxAge) return true;
    if (isNamed) this.#tell(this.#lack || tooLong(stream, this.#maxAge));
    return false;
  }

  /**
   * Before a message is handled: has the one that it replaces acknowledged, and looks whether it goes on elsewhere, as far
   * as somebody may have been killed before that was done. `undefined` if nothing is to be done.
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
      // handled twice is better than not at all
      this.#report(asError(error));
      return false;
    }
  }

  async #replace({ replaces, origin }: Held): Promise<void> {
    this.#begun.add(tokenOf(origin));
    const [oldest] = this.#begun;
    if (this.#begun.size > MOST_BEGUN) this.#begun.delete(oldest!);
    // a consumer that is gone, or has no leader, delivers it once more, and then it is found to be replaced
    await this.#api.access.request(replaces!, ACK, { timeout: TRY }).catch(() => {});
  }

  #tell(rule: string): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const { name } = this.#settings;
    const found = "they count towards maxAckPending while they wait";
    this.#report(
      new Error(`Cannot schedule long retries of the consumer "${name}" as ${rule}: ${found}`),
    );
  }
}

/** Whether a job leaves its subject before a handler gets it; what is acknowledged before has left it by that. */
export function movesJobs({ unique, isBefore }: ConsumerSettings): boolean {
  return unique === MOVED && !isBefore;
}

/** Whether a consumer stores messages for itself alone, as far as its declaration says. */
export function hasOwn(
  settings: ConsumerSettings,
  stream: Partial<StreamConfig>,
  declare: Declare,
): boolean {
  return movesJobs(settings) || lackOf(settings, stream, declare) === undefined;
}

/** Why a consumer has no schedules for its retries, as far as its declaration says; `undefined` if it has. */
export function lackOf(
  { options, isBefore, group, unique }: ConsumerSettings,
  { allow_msg_schedules, retention }: Partial<StreamConfig>,
  declare: Declare,
): string | undefined {
  if (isBefore) return "it must be acknowledged after its handler";
  if (!allow_msg_schedules) return "its stream must be declared with allowMsgSchedules";
  if (declare === "leave") return 'its stream must be declared, and not by "leave"';
  if (retention === "interest") return 'its stream must not be of retention "interest"';
  if (unique !== undefined) return "its jobs must not be unique, by their subjects";
  if (group?.kind === "pinned") return "it must not be of a pinned group";
  if (options.maxAckPending === 1) return '"maxAckPending" must be more than 1';
  return undefined;
}

function noSubjects(stream: string): string {
  return `its stream must have the subject "${ownSubjects(stream)}", which declare: "update" adds`;
}

function tooLong(stream: string, maxAge: number): string {
  return `they must be shorter than the "maxAge" of "${stream}", ${maxAge} ms`;
}
