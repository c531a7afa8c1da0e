import { rejection } from "../../promises.ts";
import type { AwaitedMessage } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { NotStoredError, UnknownOutcomeError } from "../api/errors.ts";

/** How long it waits before it is sent again, in milliseconds: after nobody took it, and after nobody answered. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_000;
const FIRST_REPEAT = 2_000;
const LONGEST_REPEAT = 8_000;

/** A message as it goes out, but for its reply address. */
export type Part = Pick<AwaitedMessage, "subject" | "data" | "headerBlock">;

/** What to publish. */
export interface PublicationSettings {
  /** The subject, or the first of several, for error messages. */
  readonly subject: string;
  /** What error messages say that it does, unless that is to publish to the subject. */
  readonly action?: string | undefined;
  /** The message to send; or what makes several, the last of which has all of them stored. */
  readonly parts: Part | (() => readonly Part[]);
  /** Under which the stream stores it once; without one it is sent once. */
  readonly id: string | undefined;
  /** Whether nobody else can have stored something under this id. */
  readonly isOwnId?: boolean;
  /** What to do about an error where an earlier sending may be stored; `undefined` for nothing. */
  readonly recover?: (publication: Publication, error: Error) => Promise<PubAck> | undefined;
  /** Milliseconds, from the call on. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** One message that is to be stored, from the call to its acknowledgement. */
export class Publication {
  readonly settings: PublicationSettings;
  readonly deadline: number;
  readonly promise: Promise<PubAck>;
  readonly #resolve: (ack: PubAck | Promise<PubAck>) => void;
  /** The messages that are on their way, or wait for the connection. */
  messages: readonly AwaitedMessage[] | undefined;
  /** Ends listening to the signal. */
  stopListening: (() => void) | undefined;
  /** Whether it counts among those that are on their way. */
  hasPlace = false;
  /** When it is sent again, by the clock. */
  dueAt = Infinity;
  #firstSentAt: number | undefined;
  /** Whether a server may have it although no answer came. */
  #isDoubtful = false;
  #retry = FIRST_RETRY;
  #repeat = FIRST_REPEAT;
  #refusal: Error | undefined;
  #foreign = 0;

  constructor(settings: PublicationSettings, now: number) {
    this.settings = settings;
    this.deadline = now + settings.timeout;
    const { promise, resolve } = Promise.withResolvers<PubAck>();
    this.promise = promise;
    this.#resolve = resolve;
  }

  /** Whether to send it now stores it no second time: its stream knows the id for so long. */
  mayRepeat(now: number, window: number): boolean {
    if (!this.#isDoubtful) return true;
    return this.settings.id !== undefined && now - this.#firstSentAt! < window;
  }

  /** It is sent now. */
  sentAs(messages: readonly AwaitedMessage[], now: number): void {
    this.messages = messages;
    this.#firstSentAt ??= now;
    this.dueAt = this.settings.id === undefined ? Infinity : now + this.#repeat;
    this.#repeat = Math.min(LONGEST_REPEAT, this.#repeat * 2);
  }

  /** What was sent gets no answer any more; `wasUnsent` says that no server has it. */
  lost(wasUnsent: boolean): void {
    this.messages = undefined;
    this.dueAt = Infinity;
    if (!wasUnsent) this.#isDoubtful = true;
    else if (!this.#isDoubtful) this.#firstSentAt = undefined;
  }

  /** Nobody took it: it is sent again at `dueAt`. */
  refusedForNow(error: Error, now: number, random: number): void {
    this.lost(true);
    this.#repeat = FIRST_REPEAT;
    this.#refusal = error;
    this.dueAt = now + this.#retry * (0.75 + random / 2);
    this.#retry = Math.min(LONGEST_RETRY, this.#retry * 2);
  }

  /** Somebody else has answered. */
  answeredByOthers(): void {
    this.#foreign++;
  }

  /** It is stored; what was stored under an id of ours before is this very message. */
  stored(ack: PubAck): void {
    this.#resolve(ack.duplicate && this.settings.isOwnId ? { ...ack, duplicate: false } : ack);
  }

  /** Ends it with the error as it is. */
  fail(error: Error): void {
    this.#resolve(rejection(error, this.promise));
  }

  /** Ends it with a reason that need not be an error. */
  abort(reason: unknown): void {
    this.promise.catch(() => {});
    this.#resolve(Promise.reject(reason));
  }

  /** Ends it without an answer; `wasUnsent` says that no server can have got it the last time. */
  giveUp(wasUnsent: boolean, rule: string, cause?: Error): void {
    const { subject, id, action = `publish to "${subject}"` } = this.settings;
    const options = { id, ...cause && { cause } };
    if (this.#isDoubtful || !wasUnsent) {
      const others = this.#foreign === 0 ? "" : ` (${this.#foreign} others have answered)`;
      this.fail(new UnknownOutcomeError(action, subject, rule + others, options));
    } else this.fail(this.#refusal ?? new NotStoredError(action, subject, rule, options));
  }

  /** The stream has refused it as it was sent the last time. */
  refusedBy(error: Error): void {
    const recovered = this.#isDoubtful ? this.settings.recover?.(this, error) : undefined;
    if (recovered) recovered.then((ack) => this.stored(ack), (asked) => this.fail(asked));
    else this.fail(error);
  }

  /** The server has refused to take it, this time. */
  refuse(error: Error): void {
    if (this.#isDoubtful) this.giveUp(true, "the server must permit it again", error);
    else this.fail(error);
  }
}
