import type { HeaderFields, HeaderRecord } from "../message/headers.ts";
import type { Message } from "../message/message.ts";

/**
 * A function that wraps a handler. It calls `next`, at most once, to run the rest of the chain, and may return another
 * reply. If it returns nothing, the result of `next` stays the reply; `null` makes the reply empty. If it does not call
 * `next`, the handler does not run, and the middleware's return value is the reply.
 */
export type Middleware<State = Readonly<Record<string, unknown>>> = (
  message: Message<unknown, Readonly<Record<string, string>>, State>,
  next: () => Promise<unknown>,
) => unknown;

/** A message before it is encoded. */
export interface Draft {
  /** The kind of message; `message` is a message of a session. */
  readonly kind: "publish" | "request" | "reply" | "message";
  /** The subject to send to. */
  readonly subject: string;
  /** The body: text, bytes, or any JSON value. */
  readonly body: unknown;
  /** Additional headers. */
  readonly headers?: HeaderFields | undefined;
  /** Where an answer goes; a request sets its own. */
  readonly replyTo?: string | undefined;
  /** The id that ties together all messages of one piece of work. */
  readonly correlationId: string;
}

/** A draft as a middleware gets it: its headers are an object, so that `{ ...draft.headers, tenant }` adds to them. */
export interface GivenDraft extends Draft {
  /** Additional headers; a list of values stands for a repeated header. */
  readonly headers?: HeaderRecord | undefined;
}

/**
 * A function that wraps everything the broker sends. It calls `next`, at most once, with a changed copy of the draft,
 * or without arguments to leave the draft unchanged; if it does not call `next`, the broker sends nothing. `next`
 * resolves with the answer of a request, and with nothing for other messages; if the middleware returns nothing, the
 * result of `next` stays. While a middleware holds 256 refusals for want of room for one subject, further such refusals
 * skip it, so that a flood of requests cannot fill it.
 */
export type PublishMiddleware = (
  draft: GivenDraft,
  next: (draft?: Draft) => Promise<unknown>,
) => unknown;
