import type { Duration } from "../../duration.ts";
import { duration, flag, type Rules, signal } from "../../options.ts";
import { type HeaderFields, headerFields, type Schema, standardSchema } from "../../door/mod.ts";
import { ttl } from "../publish/store_options.ts";
import type { Stream } from "../stream/stream.ts";

/** What to send with a message that is due later. */
export interface ScheduleMessageOptions {
  /**
   * Any text of up to 1 000 bytes; letters, digits, `-` and `_` take one, and others 3 to 12. A stream has one schedule of
   * a name.
   *
   * @default {a fresh random token}
   */
  readonly name?: string;
  /**
   * Whether it takes the place of a schedule of the same name that has not fired yet; else that is a conflict. One that
   * repeats stays as it is, in step, if it is the same in all; so a program may name it at each start.
   *
   * @default {false}
   */
  readonly replace?: boolean;
  /** Additional headers of the message; `Nats-*` are refused. */
  readonly headers?: HeaderFields;
  /**
   * How long the stream holds the message after it was due, in whole seconds. Needs a stream with `allowMsgTtl`.
   *
   * @default {as long as the stream holds messages}
   */
  readonly ttl?: Duration;
}

/** How to schedule a message. */
export interface ScheduleOptions<Body = unknown> extends ScheduleMessageOptions {
  /**
   * The stream that takes the subject.
   *
   * @default {the one that was declared through the same broker, or else what the server says}
   */
  readonly stream?: Stream | string;
  /** Checks and types the body before it is sent; it is sent as given. */
  readonly schema?: Schema<unknown, Body>;
  /**
   * How long it may take until it is stored, outages included; at most the stream's duplicate window.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason; what is on its way may be stored all the same. */
  readonly signal?: AbortSignal;
}

/** How long a cancellation may take. */
export interface CancelOptions {
  /**
   * How long it may take, outages included; less than a minute.
   *
   * @default {"5s"}
   */
  readonly timeout?: Duration;
  /** Ends the wait with its reason; the schedule may be cancelled all the same. */
  readonly signal?: AbortSignal;
}

/** The rules of the options for one message. */
export const MESSAGE_RULES: Rules = {
  // checked where it is encoded
  name: () => undefined,
  replace: flag,
  headers: headerFields,
  ttl,
};

/** The rules of {@linkcode ScheduleOptions}. */
export const SCHEDULE_RULES: Rules = {
  ...MESSAGE_RULES,
  stream: () => undefined,
  schema: standardSchema,
  timeout: duration,
  signal,
};

/** The rules of {@linkcode CancelOptions}. */
export const CANCEL_RULES: Rules = { timeout: duration, signal };

/** How long to schedule or to cancel may take, in milliseconds. */
export const TIMEOUT = 5_000;
