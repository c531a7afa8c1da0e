import type { HeaderFields } from "../message/headers.ts";
import type { Message } from "../message/message.ts";

/**
 * What stands around a handler. It calls `next` for what comes behind it, once at most, and gives back the reply;
 * without a call the handler is not run, and what it gives back is the reply instead.
 */
export type Middleware<State = Readonly<Record<string, unknown>>> = (
  message: Message<unknown, Readonly<Record<string, string>>, State>,
  next: () => Promise<unknown>,
) => unknown;

/** A message before it is encoded. */
export interface Draft {
  /** What it is sent as; a `message` is one of a session. */
  readonly kind: "publish" | "request" | "reply" | "message";
  /** Where it goes. */
  readonly subject: string;
  /** What it says: text, bytes, or any JSON value. */
  readonly body: unknown;
  /** Headers beside ours. */
  readonly headers?: HeaderFields | undefined;
  /** Where an answer goes; a request's is its own. */
  readonly replyTo?: string | undefined;
  /** What ties together all messages of one piece of work. */
  readonly correlationId: string;
}

/**
 * What stands around everything that is sent. It calls `next` with the draft or a changed copy, once at most; without
 * a call nothing is sent. What `next` resolves with is the answer of a request, and nothing for all else.
 */
export type PublishMiddleware = (
  draft: Draft,
  next: (draft: Draft) => Promise<unknown>,
) => unknown;
