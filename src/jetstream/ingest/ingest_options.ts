import { asMilliseconds, type Duration } from "../../duration.ts";
import { checkOptions, count, duration, signal } from "../../options.ts";
import {
  type HeaderFields,
  headerFields,
  namesRule,
  type Schema,
  standardSchema,
} from "../../door/mod.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { declaredConfig, type Stream } from "../stream/stream.ts";

/** An item of an ingest whose pattern has parameters. */
export interface IngestMessage<Names extends string = string, Body = unknown> {
  /** The values of the pattern's parameters, one token each. */
  readonly params: { readonly [Name in Names]: string };
  /** The body. */
  readonly body?: Body;
  /** Additional headers; `Nats-*` are refused. */
  readonly headers?: HeaderFields;
  /**
   * How long the stream holds it, in whole seconds. Needs a stream with `allowMsgTtl`, and nats-server 2.11.
   *
   * @default {as long as the stream holds messages}
   */
  readonly ttl?: Duration;
}

/** An item of an ingest: a body, or with parameters in the pattern a message that has them. */
export type IngestItem<Names extends string, Body> = [Names] extends [never] ? Body
  : IngestMessage<Names, Body>;

/** How to ingest. */
export interface IngestOptions<Body = unknown, Names extends string = string> {
  /**
   * The names of the pattern's parameters, for a pattern that the compiler knows only as `string`.
   *
   * @default {the names that the type of the pattern shows}
   */
  readonly params?: readonly Names[];
  /** Checks and types every body before it is sent; it is sent as given. */
  readonly schema?: Schema<unknown, Body>;
  /** Headers of every message; the headers of a single item take precedence. */
  readonly headers?: HeaderFields;
  /**
   * The stream that stores the messages: it is declared at start, and another one is refused.
   *
   * @default {whichever takes the subject}
   */
  readonly stream?: Stream;
  /**
   * How long the stream may confirm nothing while items wait, outages included; at most its duplicate window.
   *
   * @default {"30s", or the stream's duplicate window if that is shorter}
   */
  readonly timeout?: Duration;
  /**
   * How many items may wait until they are stored; `write()` waits beyond that.
   *
   * @default {1_000}
   */
  readonly maxPending?: number;
  /**
   * How many bytes may wait until they are stored, bodies and headers; one item may exceed it.
   *
   * @default {4_194_304}
   */
  readonly maxPendingBytes?: number;
  /**
   * How many messages are published at once to a stream without fast batches. With more than 1, messages may be stored in
   * another order where the stream has no leader for a while, or is overloaded.
   *
   * @default {1}
   */
  readonly window?: number;
  /** Ends the ingest with its reason; what is on its way may be stored all the same. */
  readonly signal?: AbortSignal;
}

/** The options with their defaults. */
export interface IngestSettings {
  readonly timeout: number;
  /** How long the stream knows an id, in milliseconds. */
  readonly idWindow: number;
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly window: number;
}

const TIMEOUT = 30_000;
const MAX_PENDING = 1_000;
const MAX_PENDING_BYTES = 4_194_304;

/**
 * Checks the options.
 *
 * @throws {TypeError} for a wrong option
 * @throws {RangeError} for a timeout beyond the stream's duplicate window
 */
export function settingsOf(
  api: JetStreamApi,
  pattern: string,
  options: IngestOptions,
  { subject, names }: { readonly subject: string; readonly names: readonly string[] },
): IngestSettings {
  const action = `ingest to "${pattern}"`;
  checkOptions(action, options, {
    params: (value) => namesRule(names, value),
    schema: standardSchema,
    headers: headerFields,
    stream: () => undefined,
    timeout: duration,
    maxPending: count,
    maxPendingBytes: count,
    window: count,
    signal,
  });
  const { stream, maxPending = MAX_PENDING, maxPendingBytes = MAX_PENDING_BYTES, window = 1 } =
    options;
  if (stream !== undefined) declaredConfig(action, stream);
  const idWindow = stream?.duplicateWindow ??
    (stream && api.streams.windowOfStream(stream.name)) ?? api.streams.windowOf(subject);
  const timeout = asMilliseconds(options.timeout) ?? Math.min(TIMEOUT, idWindow);
  if (timeout > idWindow) {
    const rule = "the stream must know the ids for as long as messages are sent again";
    const found = `a timeout of ${timeout} ms, a duplicate window of ${idWindow} ms`;
    throw new RangeError(`Cannot ${action} as ${rule}: ${found}`);
  }
  return { timeout, idWindow, maxPending, maxPendingBytes, window };
}
