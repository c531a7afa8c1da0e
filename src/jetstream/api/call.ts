import { NoRespondersError, TimeoutError } from "../../errors.ts";
import { asError } from "../../legible.ts";
import type { Timer } from "../../clock.ts";
import type { BrokerAccess, Message } from "../../door/mod.ts";
import { JetStreamError, UnavailableError } from "./errors.ts";

/** Milliseconds before the first retry after JetStream did not answer; doubled for each further one. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 500;

/** "no suitable peers", "temporarily unavailable", and "not leader": what a starting cluster answers. */
const PASSING: ReadonlySet<number> = new Set([10005, 10008, 10009]);
const NO_PEERS = 10005;

/** A request to the API, and how to read its response. */
export interface Question<T> {
  /** What it does, for errors: nearly no call needs it. */
  readonly action: () => string;
  readonly subject: string;
  readonly data: Uint8Array;
  /** The domain of the API; `undefined` for the server's own. */
  readonly domain: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  /** Whether the absence of a responder is an answer, rather than a reason to retry. */
  readonly takesSilence?: boolean;
  /** Reads the response; throws the error that it carries. */
  readonly read: (answer: Message) => T;
}

/** One API call, which is retried until its timeout: over an outage, and while a server starts. */
export class Call<T = unknown> {
  readonly #access: BrokerAccess;
  readonly #question: Question<T>;
  readonly #until: number;
  readonly #ended: (call: Call<T>) => void;
  readonly #settled = Promise.withResolvers<T>();
  #wait = FIRST_WAIT;
  #timer: Timer | undefined;
  /** The last reason for a retry, for the final error. */
  #refusal: unknown;
  #isSettled = false;
  /** When the last request was sent, by the clock. */
  #askedAt = 0;
  #isLost = false;
  #times = 0;

  constructor(access: BrokerAccess, question: Question<T>, ended: (call: Call<T>) => void) {
    this.#access = access;
    this.#question = question;
    this.#until = access.clock.now() + question.timeout;
    this.#ended = ended;
  }

  get promise(): Promise<T> {
    return this.#settled.promise;
  }

  /** How many requests were sent. */
  get times(): number {
    return this.#times;
  }

  /** Sends a request; several may be open, and the first response counts. */
  ask(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    const { subject, data, signal } = this.#question;
    const now = this.#access.clock.now();
    this.#askedAt = now;
    this.#isLost = false;
    this.#times++;
    const timeout = Math.max(0, this.#until - now);
    try {
      const asked = this.#access.request(subject, data, { timeout, ...signal && { signal } });
      asked.then((answer) => this.#take(answer), (error) => this.#failed(error));
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The connection is lost, and any open request or response with it. */
  lost(): void {
    this.#isLost = true;
  }

  /** The connection is back: sends the request again. */
  back(): void {
    if (this.#isLost) this.ask();
  }

  /** Sends another request if the last one is older than this: a cluster without a leader drops requests. */
  askIfOlder(than: number): void {
    if (!this.#timer && !this.#isLost && this.#askedAt < than) this.ask();
  }

  #take(answer: Message): void {
    if (this.#isSettled) return;
    try {
      const value = this.#question.read(answer);
      this.#settle(() => this.#settled.resolve(value));
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    if (this.#isSettled) return;
    if (!this.#question.takesSilence && isPassing(error)) {
      this.#refusal = error;
      return this.#askLater();
    }
    const isLate = error instanceof TimeoutError && this.#refusal !== undefined;
    const reason = isLate ? this.#unavailable() : asError(error);
    this.#settle(() => this.#settled.reject(reason));
  }

  #askLater(): void {
    if (this.#timer) return;
    const { clock } = this.#access;
    const left = this.#until - clock.now();
    if (left <= this.#wait) {
      return this.#settle(() => this.#settled.reject(this.#unavailable()));
    }
    // the random part keeps many programs from retrying at the same moment
    const wait = this.#wait * (0.75 + clock.random() / 2);
    this.#timer = clock.setTimeout(() => this.ask(), wait);
    this.#wait = Math.min(LONGEST_WAIT, this.#wait * 2);
  }

  #unavailable(): JetStreamError {
    const { action, domain, timeout } = this.#question;
    const cause = this.#refusal;
    // too few servers for its replicas, which does not pass by itself
    if (cause instanceof JetStreamError && cause.errCode === NO_PEERS) return cause;
    const where = domain === undefined ? "" : ` of the domain "${domain}"`;
    const found = "it is not there, or has no leader";
    const rule = `JetStream${where} must answer within ${timeout} ms: ${found}`;
    return new UnavailableError(action(), rule, { code: 503 }, { cause });
  }

  #settle(finish: () => void): void {
    this.#isSettled = true;
    this.#timer?.clear();
    this.#timer = undefined;
    this.#ended(this);
    finish();
  }
}

/** Whether the error may be temporary. */
function isPassing(error: unknown): boolean {
  return error instanceof NoRespondersError ||
    (error instanceof JetStreamError && PASSING.has(error.errCode));
}
