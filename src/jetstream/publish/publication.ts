import { rejection } from "../../promises.ts";
import type { AwaitedMessage } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { NoStreamError, NotStoredError, UnknownOutcomeError } from "../api/errors.ts";

/** How long it waits before it is sent again, in milliseconds: after nobody took it, and after nobody answered. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_000;
const FIRST_REPEAT = 2_000;

/** What to publish. */
export interface PublicationSettings {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headerBlock: Uint8Array | undefined;
  /** Under which the stream stores it once; without one it is sent once. */
  readonly id: string | undefined;
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
  /** The message that is on its way, or waits for the connection. */
  message: AwaitedMessage | undefined;
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
  sentAs(message: AwaitedMessage, now: number): void {
    this.message = message;
    this.#firstSentAt ??= now;
    this.dueAt = this.settings.id === undefined ? Infinity : now + this.#repeat;
    this.#repeat *= 2;
  }

  /** What was sent gets no answer any more; `wasUnsent` says that no server has it. */
  lost(wasUnsent: boolean): void {
    this.message = undefined;
    this.dueAt = Infinity;
    if (!wasUnsent) this.#isDoubtful = true;
    else if (!this.#isDoubtful) this.#firstSentAt = undefined;
  }

  /** Nobody took it: it is sent again at `dueAt`. */
  refusedForNow(error: Error | undefined, now: number, random: number): void {
    this.lost(true);
    this.#refusal = error ?? new NoStreamError(this.action, this.settings.subject);
    this.dueAt = now + this.#retry * (0.75 + random / 2);
    this.#retry = Math.min(LONGEST_RETRY, this.#retry * 2);
  }

  /** Somebody else has answered. */
  answeredByOthers(): void {
    this.#foreign++;
  }

  stored(ack: PubAck): void {
    this.#resolve(ack);
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
    const { subject, id } = this.settings;
    const options = { id, ...cause && { cause } };
    if (this.#isDoubtful || !wasUnsent) {
      const others = this.#foreign === 0 ? "" : ` (${this.#foreign} others have answered)`;
      this.fail(new UnknownOutcomeError(this.action, subject, rule + others, options));
    } else this.fail(this.#refusal ?? new NotStoredError(this.action, subject, rule, options));
  }

  /** The server has refused it as it was sent the last time. */
  refuse(error: Error): void {
    if (this.#isDoubtful) this.giveUp(true, "the server must permit it again", error);
    else this.fail(error);
  }

  /** What it does, for error messages. */
  get action(): string {
    return `publish to "${this.settings.subject}"`;
  }
}
