import { rejection } from "../../promises.ts";
import type { AwaitedMessage } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { NotStoredError, UnknownOutcomeError } from "../api/errors.ts";
import { publishTo } from "./pub_ack.ts";

/** Milliseconds before a message is sent again: after no stream took it, and after no response. */
const FIRST_RETRY = 50;
const LONGEST_RETRY = 1_000;
/**
 * After no stream took a message, no retry begins in these last milliseconds of its timeout, or in its last quarter if that
 * is shorter: a retry without a response in time would turn "not stored" into "unknown".
 */
const NO_RETRY = 500;
const FIRST_REPEAT = 2_000;
const LONGEST_REPEAT = 8_000;

/** A message to send, without its reply subject. */
export type Part = Pick<AwaitedMessage, "subject" | "data" | "headerBlock">;

/** Settings of a publication. */
export interface PublicationSettings {
  /** The subject, or the first of several, for error messages. */
  readonly subject: string;
  /** The action for error messages, unless it is the publication itself. */
  readonly action?: string | undefined;
  /** The message; or a function that makes several, of which the last one commits all. */
  readonly parts: Part | (() => readonly Part[]);
  /** The id under which the stream stores the message once; without one it is sent only once. */
  readonly id: string | undefined;
  /** Whether the id is unique, so that no other publication can have stored a message under it. */
  readonly isOwnId?: boolean;
  /** Whether the first answer ends it, even if the stream may accept it a little later. */
  readonly isOnce?: boolean;
  /** Handles an error after which an earlier attempt may be stored; `undefined` if it cannot tell. */
  readonly recover?: (publication: Publication, error: Error) => Promise<PubAck> | undefined;
  /** The timeout in milliseconds, from the call on. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** One publication, from the call to its acknowledgement. */
export class Publication {
  readonly settings: PublicationSettings;
  readonly deadline: number;
  readonly promise: Promise<PubAck>;
  readonly #resolve: (ack: PubAck | Promise<PubAck>) => void;
  /** The messages in flight, or waiting for the connection. */
  messages: readonly AwaitedMessage[] | undefined;
  /** Removes the listener of the abort signal. */
  stopListening: (() => void) | undefined;
  /** Whether it counts among those in flight. */
  hasPlace = false;
  /** When it is sent again, by the clock. */
  dueAt = Infinity;
  #firstSentAt: number | undefined;
  /** Whether a server may have stored it although no response came. */
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

  /** Whether sending it now cannot store it twice: its stream still remembers the id. */
  mayRepeat(now: number, window: number): boolean {
    if (!this.#isDoubtful) return true;
    return this.settings.id !== undefined && now - this.#firstSentAt! < window;
  }

  /** Records that it was sent. */
  sentAs(messages: readonly AwaitedMessage[], now: number): void {
    this.messages = messages;
    this.#firstSentAt ??= now;
    this.dueAt = this.settings.id === undefined ? Infinity : now + this.#repeat;
    this.#repeat = Math.min(LONGEST_REPEAT, this.#repeat * 2);
  }

  /** Records that what was sent gets no response; `wasUnsent` means that no server received it. */
  lost(wasUnsent: boolean): void {
    this.messages = undefined;
    this.dueAt = Infinity;
    if (!wasUnsent) this.#isDoubtful = true;
    else if (!this.#isDoubtful) this.#firstSentAt = undefined;
  }

  /** Schedules a retry at `dueAt`, as no stream took it. */
  refusedForNow(error: Error, now: number, random: number): void {
    this.lost(true);
    this.#repeat = FIRST_REPEAT;
    this.#refusal = error;
    const dueAt = now + this.#retry * (0.75 + random / 2);
    const latest = this.deadline - Math.min(NO_RETRY, this.settings.timeout / 4);
    this.dueAt = dueAt > latest ? Infinity : dueAt;
    this.#retry = Math.min(LONGEST_RETRY, this.#retry * 2);
  }

  /** Records a response of another subscriber. */
  answeredByOthers(): void {
    this.#foreign++;
  }

  /** Resolves: it is stored. A duplicate of our own unique id is this very message. */
  stored(ack: PubAck): void {
    this.#resolve(ack.duplicate && this.settings.isOwnId ? { ...ack, duplicate: false } : ack);
  }

  /** Rejects with this error. */
  fail(error: Error): void {
    this.#resolve(rejection(error, this.promise));
  }

  /** Rejects with a reason that may not be an error. */
  abort(reason: unknown): void {
    this.promise.catch(() => {});
    this.#resolve(Promise.reject(reason));
  }

  /** Rejects for lack of a response; `wasUnsent` means that no server can have received the last attempt. */
  giveUp(wasUnsent: boolean, rule: string, cause?: Error): void {
    const { subject, id, action = publishTo(subject) } = this.settings;
    const options = { id, ...cause && { cause } };
    if (this.#isDoubtful || !wasUnsent) {
      const others = this.#foreign === 0 ? "" : ` (${this.#foreign} others have answered)`;
      this.fail(new UnknownOutcomeError(action, subject, rule + others, options));
    } else this.fail(this.#refusal ?? new NotStoredError(action, subject, rule, options));
  }

  /** Rejects: the stream rejected the last attempt. */
  refusedBy(error: Error): void {
    const recovered = this.#isDoubtful ? this.settings.recover?.(this, error) : undefined;
    if (recovered) recovered.then((ack) => this.stored(ack), (asked) => this.fail(asked));
    else this.fail(error);
  }

  /** The server rejected this attempt, before it reached a stream. */
  refuse(error: Error): void {
    if (this.#isDoubtful) this.giveUp(true, "the server must permit it again", error);
    else this.fail(error);
  }
}
