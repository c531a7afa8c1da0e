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
  /** Additional headers; names that begin with `Nats-` are refused. */
  readonly headers?: HeaderFields;
  /**
   * How long the stream holds the message, in whole seconds. Needs a stream with `allowMsgTtl`, and nats-server 2.11.
   *
   * @default {as long as the stream holds messages}
   */
  readonly ttl?: Duration;
}

/** An item of an ingest: a body; for a pattern with parameters, an {@linkcode IngestMessage}. */
export type IngestItem<Names extends string, Body> = [Names] extends [never] ? Body
  : IngestMessage<Names, Body>;

/** Options of `js.ingest()`. */
export interface IngestOptions<Body = unknown, Names extends string = string> {
  /**
   * The names of the pattern's parameters. Needed if the compiler knows the pattern only as `string`.
   *
   * @default {the names that the type of the pattern shows}
   */
  readonly params?: readonly Names[];
  /** Checks and types each body before it is sent. The body is sent as given. */
  readonly schema?: Schema<unknown, Body>;
  /** Headers of every message; the headers of a single item take precedence. */
  readonly headers?: HeaderFields;
  /**
   * The stream that must store the messages. It is declared at start, and no other stream may take the messages.
   *
   * @default {the stream that takes the subject}
   */
  readonly stream?: Stream;
  /**
   * How long the ingest waits for the next confirmation, outages included; at most the stream's duplicate window.
   *
   * @default {"30s", or the stream's duplicate window if that is shorter}
   */
  readonly timeout?: Duration;
  /**
   * How many items may wait until they are stored; beyond that, `write()` waits.
   *
   * @default {1_000}
   */
  readonly maxPending?: number;
  /**
   * How many bytes of bodies and headers may wait until they are stored; a single item may exceed it.
   *
   * @default {4_194_304}
   */
  readonly maxPendingBytes?: number;
  /**
   * How many messages are published at once to a stream without fast batches. With more than 1, the stream may store
   * messages in another order while it has no leader or is overloaded.
   *
   * @default {1}
   */
  readonly window?: number;
  /** Ends the ingest with its reason; messages in flight may still be stored. */
  readonly signal?: AbortSignal;
}

/** The options with their defaults. */
export interface IngestSettings {
  readonly timeout: number;
  /** How long the stream remembers an id, in milliseconds. */
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
    const rule = "the stream must remember ids for as long as messages may be sent again";
    const found = `a timeout of ${timeout} ms, a duplicate window of ${idWindow} ms`;
    throw new RangeError(`Cannot ${action} as ${rule}: ${found}`);
  }
  return { timeout, idWindow, maxPending, maxPendingBytes, window };
}
