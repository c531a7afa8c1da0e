import { asMilliseconds } from "../../duration.ts";
import { within } from "../../deadline.ts";
import { asError } from "../../legible.ts";
import { checkSent, isBytes } from "../../door/mod.ts";
import type { PubAck } from "../api/api_types.ts";
import { ConflictError, UnknownOutcomeError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { PUBLISH_TIMEOUT, publishStored } from "./publish_stored.ts";
import { checkStore, fieldsOf, type StoreOptions } from "./store_options.ts";

/** Where a message was stored. */
export interface Stored {
  /** The stream that has it. */
  readonly stream: string;
  /** Its sequence in the stream. */
  readonly seq: number;
  /** Whether a message of this id was stored before: `seq` is that message's, and nothing was stored now. */
  readonly duplicate: boolean;
  /** The domain of the stream, if the server has one. */
  readonly domain: string | undefined;
}

/** A message as it goes out. */
export interface Prepared {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly contentType: string | undefined;
  /** Its headers but for the content type; `undefined` without any. */
  readonly fields: readonly (readonly [string, string])[] | undefined;
}

/** How many messages were published, and what became of them. */
export interface PublishCounts {
  published: number;
  duplicates: number;
  conflicts: number;
  failed: number;
  unknown: number;
}

/** Publishes what a program gives: checks it, encodes it by the codecs of the broker, and counts what becomes of it. */
export class ProgramPublisher {
  readonly #api: JetStreamApi;
  readonly #counts: PublishCounts;

  constructor(api: JetStreamApi, counts: PublishCounts) {
    this.#api = api;
    this.#counts = counts;
  }

  /** Publishes; a failure but a conflict emits an `error` event, whether or not the program awaits the promise. */
  publish(subject: string, body: unknown, options: StoreOptions | undefined): Promise<Stored> {
    const { signal } = options ?? {};
    let stored: Promise<PubAck>;
    try {
      checkStore(subject, options);
      const valid = options?.schema && checkSent(options.schema, body);
      stored = valid
        ? this.#publishOnce(valid, subject, body, options)
        : this.#publish(subject, body, options);
    } catch (error) {
      stored = Promise.reject(error);
    }
    const given: Promise<Stored> = stored.then((ack) => this.#stored(ack), (error) => {
      given.catch(() => {});
      this.failed(subject, error, signal);
      throw error;
    });
    return given;
  }

  /**
   * A message as it goes out.
   *
   * @throws {EncodeError} for a body that cannot be encoded
   * @throws {TypeError} for a header of NATS among those of the program
   */
  prepare(subject: string, body: unknown, options: StoreOptions | undefined): Prepared {
    const isPlain = options === undefined ||
      (!options.headers && options.ttl === undefined && !options.expect);
    const fields = isPlain ? undefined : fieldsOf(this.#api, subject, options);
    const { data, contentType } = this.#api.access.encode(body, fields);
    // the program may write its next message into the same memory while this one may be sent again
    return { subject, data: isBytes(body) ? data.slice() : data, contentType, fields };
  }

  /** Counts and reports what was not stored; what its signal ended, the program has ended itself. */
  failed(subject: string, thrown: unknown, signal: AbortSignal | undefined): void {
    const error = asError(thrown);
    if (error instanceof ConflictError) this.#counts.conflicts++;
    else if (error instanceof UnknownOutcomeError) this.#counts.unknown++;
    else this.#counts.failed++;
    const isOwn = error instanceof ConflictError || (signal?.aborted && signal.reason === thrown);
    if (!isOwn) this.#api.access.report(error, String(subject));
  }

  #publish(subject: string, body: unknown, options: StoreOptions | undefined): Promise<PubAck> {
    const { data, contentType, fields } = this.prepare(subject, body, options);
    if (options === undefined) return publishStored(this.#api, subject, data, { contentType });
    const { id, timeout, signal, expect } = options;
    const window = this.#windowOf(expect?.stream) ??
      (timeout === undefined ? undefined : this.#api.streams.windowOf(subject));
    const headers = fields && fields.length > 0 ? fields : undefined;
    const sent = { contentType, headers, id, timeout, signal, window };
    return publishStored(this.#api, subject, data, sent);
  }

  /** Publishes once the body is `valid`; an async schema uses up a part of the time. */
  async #publishOnce(
    valid: Promise<unknown>,
    subject: string,
    body: unknown,
    options: StoreOptions,
  ): Promise<PubAck> {
    const { clock } = this.#api.access;
    const timeout = asMilliseconds(options.timeout) ?? PUBLISH_TIMEOUT;
    const until = clock.now() + timeout;
    const patience = { clock, timeout, signal: options.signal };
    await within(valid, patience, `publish to "${subject}"`, subject);
    const left = Math.max(1, until - clock.now());
    return await this.#publish(subject, body, { ...options, timeout: left });
  }

  #windowOf(stream: string | { name: string; duplicateWindow: number | undefined } | undefined) {
    if (stream === undefined) return undefined;
    const name = typeof stream === "string" ? stream : stream.name;
    const declared = typeof stream === "string" ? undefined : stream.duplicateWindow;
    return declared ?? this.#api.streams.windowOfStream(name);
  }

  #stored({ stream, seq, duplicate = false, domain }: PubAck): Stored {
    if (duplicate) this.#counts.duplicates++;
    else this.#counts.published++;
    return { stream, seq, duplicate, domain };
  }
}
