import { BusyMap } from "../../busy_map.ts";
import type { Timer } from "../../clock.ts";
import { asMilliseconds, type Duration } from "../../duration.ts";
import { checkOptions, duration, signal } from "../../options.ts";
import { handled } from "../../promises.ts";
import { type BrokerAccess, checkSubject, isSubject, type Message } from "../../door/mod.ts";
import { Call } from "./call.ts";
import { KnownStreams } from "./known_streams.ts";
import { checkName } from "./names.ts";
import { actionOf } from "./call_action.ts";
import { readReply } from "./reply.ts";
import { ServerTime } from "./server_time.ts";
import { NotFoundError } from "./errors.ts";

/** The timeout and the abort signal of a call. */
export interface CallOptions {
  /**
   * The timeout of the call, outages included.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
  /** Aborts the call with its reason. */
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT = 5_000;
/** Milliseconds without a response after which a request is repeated. */
const PATIENCE = 2_000;
const RULES = { timeout: duration, signal };
const NO_BYTES = new Uint8Array();
const encoder = new TextEncoder();

/** Deletions: a repeated one may find nothing, as the first succeeded and only its response was lost. */
const DELETION = /\.(?:DELETE|MSG\.DELETE)\./;

interface Known {
  readonly apis: Map<string, JetStreamApi>;
  readonly streams: KnownStreams;
}

const known = new WeakMap<BrokerAccess, Known>();

/** The JetStream API as one broker reaches it in one domain. Calls are retried over outages and missing leaders. */
export class JetStreamApi {
  readonly access: BrokerAccess;
  /** The domain; `undefined` for the one of the server. */
  readonly domain: string | undefined;
  /** The prefix of its subjects: `$JS.API`, or `$JS.hub.API` for the domain `hub`. */
  readonly prefix: string;
  /** The streams whose configuration this broker has seen, of all domains. */
  readonly streams: KnownStreams;
  /** Estimates the time by the server's clock. */
  readonly serverTime: ServerTime;
  readonly #open = new BusyMap<Call, true>();
  /** The options that were checked last, if they cannot change: a bucket calls with the same ones. */
  #usual: CallOptions | undefined;
  #watching: Timer | undefined;

  private constructor(access: BrokerAccess, domain: string | undefined, streams: KnownStreams) {
    this.access = access;
    this.streams = streams;
    this.domain = domain;
    this.serverTime = new ServerTime(access.clock);
    this.prefix = domain === undefined ? "$JS.API" : `$JS.${domain}.API`;
    access.onConnection((change) => {
      if (change === "closed") this.#watching = void this.#watching?.clear();
      for (const call of [...this.#open.keys()]) {
        if (change === "lost") call.lost();
        else if (change === "back") call.back();
        else call.ask();
      }
    });
  }

  /**
   * The API of a broker; one object per domain.
   *
   * @throws {TypeError} for an invalid domain name
   */
  static of(access: BrokerAccess, domain?: string): JetStreamApi {
    if (domain !== undefined) checkName("use a domain of JetStream", domain);
    let found = known.get(access);
    if (!found) known.set(access, found = { apis: new Map(), streams: new KnownStreams() });
    const { apis, streams } = found;
    let api = apis.get(domain ?? "");
    if (!api) apis.set(domain ?? "", api = new JetStreamApi(access, domain, streams));
    return api;
  }

  /**
   * Calls the API; `subject` is without the prefix, such as `STREAM.INFO.ORDERS`.
   *
   * @throws {JetStreamError} of the class that fits the error code of the response
   * @throws {UnavailableError} if JetStream does not answer
   * @throws {TimeoutError}
   */
  call<T extends object>(
    subject: string,
    request?: object | Uint8Array,
    options?: CallOptions,
  ): Promise<T> {
    const data = request === undefined || request instanceof Uint8Array
      ? request
      : encoder.encode(JSON.stringify(request));
    return this.#ask<T>(subject, data, options, ({ data }, { action, times }) => {
      try {
        const reply = readReply<T>(action, data);
        if ("ts" in reply) this.serverTime.note(reply.ts);
        return reply;
      } catch (error) {
        const isGone = times > 1 && error instanceof NotFoundError && DELETION.test(subject);
        if (isGone) return { success: true } as T;
        throw error;
      }
    });
  }

  /**
   * Sends a request whose response is not JSON, such as a message of `DIRECT.GET`; returns the raw response.
   *
   * @throws {NoRespondersError} immediately with `takesSilence`, if there is no responder
   */
  request(
    subject: string,
    request?: Uint8Array,
    options?: CallOptions,
    takesSilence = false,
  ): Promise<Message> {
    return this.#ask(subject, request, options, (answer) => answer, takesSilence);
  }

  #ask<T>(
    asked: string,
    data: Uint8Array = NO_BYTES,
    options: CallOptions | undefined,
    read: (answer: Message, about: { readonly action: () => string; readonly times: number }) => T,
    takesSilence = false,
  ): Promise<T> {
    const subject = `${this.prefix}.${asked}`;
    const action = () => actionOf(asked) ?? `call "${subject}"`;
    try {
      // the subject contains the filter of a consumer, including its wildcards
      const isPlain: boolean = isSubject(subject);
      if (!isPlain) checkSubject("call", subject.replaceAll(/[*>]/g, "x"), subject);
      if (options !== this.#usual) {
        checkOptions(action(), options, RULES);
        if (Object.isFrozen(options)) this.#usual = options;
      }
    } catch (error) {
      return handled(Promise.reject(error));
    }
    const timeout = asMilliseconds(options?.timeout) ?? TIMEOUT;
    const call: Call<T> = new Call(this.access, {
      action,
      subject,
      data,
      domain: this.domain,
      timeout,
      signal: options?.signal,
      takesSilence,
      read: (answer) => read(answer, { action, times: call.times }),
    }, () => this.#open.delete(call as Call));
    this.#open.set(call as Call, true);
    call.ask();
    this.#watch();
    return handled(call.promise);
  }

  /** Starts the timer that all open calls share. */
  #watch(): void {
    if (this.#watching || this.#open.size === 0) return;
    const { clock } = this.access;
    this.#watching = clock.setTimeout(() => {
      this.#watching = undefined;
      const than = clock.now() - PATIENCE;
      for (const call of [...this.#open.keys()]) call.askIfOlder(than);
      this.#watch();
    }, PATIENCE / 2);
  }
}
